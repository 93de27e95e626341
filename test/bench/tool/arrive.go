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

// runArrive keeps `connections` streams open for `seconds` and measures how long each chunk was under way.
func runArrive(url string, connections int, seconds float64) {
	client := newClient(connections)
	deadline := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var lock sync.Mutex
	var latencies []float64
	failures := 0
	var workers sync.WaitGroup
	started := time.Now()
	for i := range connections {
		workers.Go(func() {
			// Users do not write in step: spread over the pause, chunks of different streams fall between each other.
			time.Sleep(stampedPause * time.Duration(i) / time.Duration(connections))
			var own []float64
			failed := 0
			for time.Now().Before(deadline) {
				arrived, err := arrivals(client, url)
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

// arrivals reads one stream and gives, for each chunk that carries its time, how long it was under way in microseconds.
func arrivals(client *http.Client, url string) ([]float64, error) {
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
	latencies := make([]float64, 0, chunkCount)
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
		latencies = append(latencies, float64(now-sent)/1000)
	}
	if err := lines.Err(); err != nil {
		return latencies, err
	}
	if len(latencies) != chunkCount {
		return latencies, fmt.Errorf("%d of %d chunks arrived, status %d", len(latencies), chunkCount, response.StatusCode)
	}
	return latencies, nil
}
