package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	chunkCount = 64
	chunkPause = 10 * time.Millisecond
	// Holding streams send slowly, so that what is measured is their number.
	slowPause = 250 * time.Millisecond
	// As a fast model writes: fifty pieces a second.
	stampedPause = 20 * time.Millisecond
	stampMarker  = "with the time"
)

var answer = []byte(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":180,"completion_tokens":200,"total_tokens":380}}`, strings.Repeat("word ", 150)))

var messagesAnswer = []byte(fmt.Sprintf(`{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":180,"output_tokens":200}}`, strings.Repeat("word ", 150)))

func chunk(delta, finish string) []byte {
	return []byte(fmt.Sprintf("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}],\"usage\":null}\n\n", delta, finish))
}

var (
	firstChunk = chunk(`{"role":"assistant","content":""}`, "null")
	textChunk  = chunk(`{"content":"word "}`, "null")
	lastChunk  = chunk(`{}`, `"stop"`)
	usageChunk = []byte("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":180,\"completion_tokens\":64,\"total_tokens\":244}}\n\ndata: [DONE]\n\n")
)

// runMock prints its address and serves until it is ended.
func runMock(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().String())
	panic(http.Serve(listener, http.HandlerFunc(serve)))
}

func serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("x-request-id", "req-mock")
	if !bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header().Set("content-type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/messages") {
			w.Write(messagesAnswer)
		} else {
			w.Write(answer)
		}
		return
	}
	switch {
	case bytes.Contains(body, []byte("hold")):
		stream(w, r, slowPause, func() []byte { return textChunk })
	case bytes.Contains(body, []byte(stampMarker)):
		stream(w, r, stampedPause, stampedChunk)
	default:
		stream(w, r, chunkPause, func() []byte { return textChunk })
	}
}

// stampedChunk says when it was sent, in nanoseconds of the clock that all processes of one machine share.
func stampedChunk() []byte {
	return chunk(fmt.Sprintf(`{"content":"%d "}`, time.Now().UnixNano()), "null")
}

func stream(w http.ResponseWriter, r *http.Request, pause time.Duration, text func() []byte) {
	w.Header().Set("content-type", "text/event-stream; charset=utf-8")
	flusher := w.(http.Flusher)
	send := func(data []byte) {
		w.Write(data)
		flusher.Flush()
	}
	send(firstChunk)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for i := 0; i < chunkCount; i++ {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			send(text())
		}
	}
	send(lastChunk)
	send(usageChunk)
}
