package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

type result struct {
	Requests int     `json:"requests"`
	Failures int     `json:"failures"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50Us"`
	P99      float64 `json:"p99Us"`
}

func body(stream bool, marker string) string {
	return request(stream, fmt.Sprintf(`{"role":"user","content":"%s %s"}`, marker, strings.Repeat("Tell me about fish. ", 45)))
}

func request(stream bool, messages string) string {
	return fmt.Sprintf(`{"model":"bench","stream":%t,"messages":[{"role":"system","content":"You answer shortly."},%s]}`, stream, messages)
}

// page is 4 KiB of JSON text as prompts have it: words, quotes, line ends, code, and one address to mask.
var page = func() string {
	lines := `She asked: \"Which fish?\"\n\tif (fish.length > 0) { return fish[0]; }\nWrite to ann@example.com.\n` + strings.Repeat("The quick brown fox jumps over the lazy dog. ", 90)
	return lines[:4096]
}()

// payload is what a request sends where.
type payload struct{ path, kind, body string }

func chat(body string) payload { return payload{"/v1/chat/completions", "application/json", body} }

// frame is how much of a turn or a part is no text.
const frame = 40

// conversation has about `size` bytes. Written as clients do: a turn is a text with its frame. The user has the last word.
func conversation(size, turnBytes int, text string) payload {
	turns := make([]string, max(1, size/turnBytes-1)|1)
	for i := range turns {
		turns[i] = fmt.Sprintf(`{"role":"%s","content":"%s"}`, []string{"user", "assistant"}[i%2], text[:turnBytes-frame])
	}
	return chat(request(false, strings.Join(turns, ",")))
}

// A text in which nothing is to be masked, since a batch file can only be refused.
var plain = strings.Repeat("The quick brown fox jumps over the lazy dog. ", 24)

// parts are one message of many, about `size` bytes.
func parts(size, partBytes int) payload {
	all := make([]string, max(1, size/partBytes-1))
	for i := range all {
		all[i] = fmt.Sprintf(`{"type":"text","text":"%s"}`, plain[:partBytes-frame])
	}
	return chat(request(false, fmt.Sprintf(`{"role":"user","content":[%s]}`, strings.Join(all, ","))))
}

// batchFile is an upload of about `size` bytes, each line a call of 1 KiB.
func batchFile(size int) payload {
	line := fmt.Sprintf(`{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"%s"}]}}`+"\n", plain[:896])
	part := "--bench\r\ncontent-disposition: form-data; name="
	body := part + "\"purpose\"\r\n\r\nbatch\r\n" + part + "\"file\"; filename=\"calls.jsonl\"\r\n\r\n" + strings.Repeat(line, max(1, size/len(line)-1)) + "\r\n--bench--\r\n"
	return payload{"/v1/files", "multipart/form-data; boundary=bench", body}
}

// payloadsOf are the bodies of a kind, about `size` bytes each; of `answer` and `calls` the answers are large.
func payloadsOf(kind string, size int) []payload {
	switch kind {
	case "prompts":
		return []payload{
			chat(request(false, fmt.Sprintf(`{"role":"user","content":"%s"}`, strings.Repeat(page, max(1, size/len(page)-1))))),
			conversation(size, len(page), page),
		}
	case "turns":
		return []payload{conversation(size, 100, plain)}
	case "parts":
		return []payload{parts(size, 100)}
	case "batch":
		return []payload{batchFile(size)}
	case "answer":
		return []payload{chat(body(false, lengthMarker))}
	case "calls":
		return []payload{chat(body(false, callsMarker))}
	}
	panic("unknown kind " + kind)
}

func newClient(connections int) *http.Client {
	return &http.Client{
		Timeout:   60 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true},
	}
}

// once sends one request and reads its whole answer.
func once(client *http.Client, url string, payload payload) error {
	request, err := http.NewRequest("POST", url+payload.path, strings.NewReader(payload.body))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", payload.kind)
	request.Header.Set("authorization", "Bearer bench")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != 200 {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

// runLoad keeps `connections` requests under way for `seconds`, each connection with the payloads in turn.
func runLoad(url string, connections int, seconds float64, payloads []payload) {
	client := newClient(connections)
	deadline := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var lock sync.Mutex
	var latencies []float64
	failures := 0
	var workers sync.WaitGroup
	started := time.Now()
	for range connections {
		workers.Go(func() {
			var own []float64
			failed := 0
			for turn := 0; time.Now().Before(deadline) || turn%len(payloads) != 0; turn++ {
				begin := time.Now()
				if err := once(client, url, payloads[turn%len(payloads)]); err != nil {
					failed++
					fmt.Fprintln(os.Stderr, err)
					time.Sleep(time.Millisecond)
					continue
				}
				own = append(own, float64(time.Since(begin).Microseconds()))
			}
			lock.Lock()
			defer lock.Unlock()
			latencies = append(latencies, own...)
			failures += failed
		})
	}
	workers.Wait()
	print(latencies, failures, time.Since(started).Seconds())
}

// runHold opens `connections` slow streams, prints a line when all stand, and lets them go after `seconds`.
func runHold(url string, connections int, seconds float64) {
	client := newClient(connections)
	var opened sync.WaitGroup
	for range connections {
		opened.Add(1)
		go func() {
			request, _ := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(body(true, "hold")))
			request.Header.Set("content-type", "application/json")
			response, err := client.Do(request)
			if err != nil {
				panic(err)
			}
			response.Body.Read(make([]byte, 1))
			opened.Done()
			io.Copy(io.Discard, response.Body)
		}()
	}
	opened.Wait()
	fmt.Println("open")
	time.Sleep(time.Duration(seconds * float64(time.Second)))
}

func print(latencies []float64, failures int, seconds float64) {
	slices.Sort(latencies)
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[min(len(latencies)-1, int(share*float64(len(latencies))))]
	}
	json.NewEncoder(os.Stdout).Encode(result{len(latencies), failures, seconds, at(0.5), at(0.99)})
}
