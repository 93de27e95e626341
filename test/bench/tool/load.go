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

// largeBodies are about `size` bytes each: one long text, and a conversation of turns of 4 KiB.
func largeBodies(size int) []string {
	pages := max(1, size/len(page)-1)
	turns := make([]string, pages)
	for i := range turns {
		// Written as clients do: a turn is a page with its frame.
		turns[i] = fmt.Sprintf(`{"role":"%s","content":"%s"}`, []string{"user", "assistant"}[i%2], page[:len(page)-40])
	}
	if pages%2 == 0 {
		turns = turns[1:]
	}
	return []string{
		request(false, fmt.Sprintf(`{"role":"user","content":"%s"}`, strings.Repeat(page, pages))),
		request(false, strings.Join(turns, ",")),
	}
}

func newClient(connections int) *http.Client {
	return &http.Client{
		Timeout:   60 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true},
	}
}

// once sends one request and reads its whole answer.
func once(client *http.Client, url, payload string) error {
	request, err := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(payload))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
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
func runLoad(url string, connections int, seconds float64, payloads []string) {
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
