package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
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
	lengthMarker = "at length"
	callsMarker  = "by many calls"
	callCount    = 20_000
)

func answerOf(message string) []byte {
	return []byte(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant",%s},"finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":180,"completion_tokens":200,"total_tokens":380}}`, message))
}

func messagesAnswerOf(blocks string) []byte {
	return []byte(fmt.Sprintf(`{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[%s],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":180,"output_tokens":200}}`, blocks))
}

// many joins what each of `callCount` is.
func many(one func(i int) string) string {
	all := make([]string, callCount)
	for i := range all {
		all[i] = one(i)
	}
	return strings.Join(all, ",")
}

// A whole answer of each API.
type answers struct{ chat, messages []byte }

func textAnswers(text string) answers {
	return answers{
		answerOf(fmt.Sprintf(`"content":"%s"`, text)),
		messagesAnswerOf(fmt.Sprintf(`{"type":"text","text":"%s"}`, text)),
	}
}

var (
	shortAnswers = textAnswers(strings.Repeat("word ", 150))
	longAnswers  = textAnswers(strings.Repeat(page, 10<<20/len(page)))
	callAnswers  = answers{
		answerOf(`"content":null,"tool_calls":[` + many(func(i int) string {
			return fmt.Sprintf(`{"id":"call_%d","type":"function","function":{"name":"f","arguments":"{\"note\":\"%s\"}"}}`, i, plain[:400])
		}) + "]"),
		messagesAnswerOf(many(func(i int) string {
			return fmt.Sprintf(`{"type":"tool_use","id":"call_%d","name":"f","input":{"note":"%s"}}`, i, plain[:400])
		})),
	}
	fileAnswer = []byte(`{"id":"file-1","object":"file","bytes":1,"created_at":1790000000,"filename":"calls.jsonl","purpose":"batch"}`)
)

// answersTo tells how long an answer is asked for; only small questions ask.
func answersTo(body []byte) answers {
	switch {
	case len(body) > 1<<20:
		return shortAnswers
	case bytes.Contains(body, []byte(lengthMarker)):
		return longAnswers
	case bytes.Contains(body, []byte(callsMarker)):
		return callAnswers
	}
	return shortAnswers
}

func chunk(delta, finish string) []byte {
	return []byte(fmt.Sprintf("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}],\"usage\":null}\n\n", delta, finish))
}

var (
	firstChunk = chunk(`{"role":"assistant","content":""}`, "null")
	lastChunk  = chunk(`{}`, `"stop"`)
	usageChunk = []byte("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":180,\"completion_tokens\":64,\"total_tokens\":244}}\n\ndata: [DONE]\n\n")
)

// A streamed answer of one API: what comes before and after the pieces of text, and each piece.
type form struct {
	first []byte
	text  func(word string) []byte
	last  []byte
}

var chatForm = form{
	first: firstChunk,
	text:  func(word string) []byte { return chunk(fmt.Sprintf(`{"content":"%s "}`, word), "null") },
	last:  append(append([]byte{}, lastChunk...), usageChunk...),
}

func event(name, data string) []byte {
	return []byte(fmt.Sprintf("event: %s\ndata: {\"type\":\"%s\",%s}\n\n", name, name, data))
}

var messagesForm = form{
	first: append(
		event("message_start", `"message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":180,"output_tokens":1}}`),
		event("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`)...),
	text: func(word string) []byte {
		return event("content_block_delta", fmt.Sprintf(`"index":0,"delta":{"type":"text_delta","text":"%s "}`, word))
	},
	last: append(append(
		event("content_block_stop", `"index":0`),
		event("message_delta", `"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":64}`)...),
		[]byte("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")...),
}

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
	isMessages := strings.HasSuffix(r.URL.Path, "/messages")
	if !bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header().Set("content-type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/files"):
			w.Write(fileAnswer)
		case isMessages:
			w.Write(answersTo(body).messages)
		default:
			w.Write(answersTo(body).chat)
		}
		return
	}
	answered := chatForm
	if isMessages {
		answered = messagesForm
	}
	switch {
	case bytes.Contains(body, []byte("hold")):
		stream(w, r, answered, slowPause, func() string { return "word" })
	case bytes.Contains(body, []byte(stampMarker)):
		// When it was sent, in nanoseconds of the clock that all processes of one machine share.
		stream(w, r, answered, stampedPause, func() string { return strconv.FormatInt(time.Now().UnixNano(), 10) })
	default:
		stream(w, r, answered, chunkPause, func() string { return "word" })
	}
}

func stream(w http.ResponseWriter, r *http.Request, answered form, pause time.Duration, word func() string) {
	w.Header().Set("content-type", "text/event-stream; charset=utf-8")
	flusher := w.(http.Flusher)
	send := func(data []byte) {
		w.Write(data)
		flusher.Flush()
	}
	send(answered.first)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for i := 0; i < chunkCount; i++ {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			send(answered.text(word()))
		}
	}
	send(answered.last)
}
