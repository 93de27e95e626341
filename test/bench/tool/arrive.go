package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Streams of many users begin and end at different times. Spread over the length of one, there is always the same number of them, and chunks
// of different streams fall between each other.
const ramp = chunkCount * stampedPause

// runArrive keeps `connections` streams open for `seconds` and measures how long each chunk was under way, once all of them are open.
func runArrive(url string, connections int, seconds float64) {
	client := newClient(connections)
	steady := time.Now().Add(ramp)
	deadline := steady.Add(time.Duration(seconds * float64(time.Second)))
	var lock sync.Mutex
	var latencies []float64
	failures := 0
	var workers sync.WaitGroup
	started := time.Now()
	for i := range connections {
		workers.Go(func() {
			time.Sleep(ramp * time.Duration(i) / time.Duration(connections))
			var own []float64
			failed := 0
			for time.Now().Before(deadline) {
				arrived, err := arrivals(client, url, steady, deadline)
				if err != nil {
					failed++
					fmt.Fprintln(os.Stderr, err)
					time.Sleep(time.Millisecond)
				}
				own = append(own, arrived...)
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

var contentStart = []byte(`"content":"1`)

// arrivals reads one stream and gives, for each chunk that was sent in the time of measuring, how long it was under way in microseconds.
func arrivals(client *http.Client, url string, from, to time.Time) ([]float64, error) {
	request, err := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(body(true, stampMarker)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	latencies, chunks := make([]float64, 0, chunkCount), 0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		at := bytes.Index(lines.Bytes(), contentStart)
		if at < 0 {
			continue
		}
		now := time.Now().UnixNano()
		digits, _, _ := bytes.Cut(lines.Bytes()[at+len(contentStart)-1:], []byte(" "))
		sent, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return latencies, err
		}
		chunks++
		if sent >= from.UnixNano() && sent < to.UnixNano() {
			latencies = append(latencies, float64(now-sent)/1000)
		}
	}
	if err := lines.Err(); err != nil {
		return latencies, err
	}
	if chunks != chunkCount {
		return latencies, fmt.Errorf("%d of %d chunks arrived, status %d", chunks, chunkCount, response.StatusCode)
	}
	return latencies, nil
}
