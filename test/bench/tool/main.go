// Command bench is the upstream and the load of the benchmark: a mock OpenAI endpoint fast enough never to be the limit, and a
// closed-loop client that prints what it saw as one line of JSON.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: bench mock|load|hold|arrive [flags]")
		os.Exit(2)
	}
	command, flags := os.Args[1], flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	address := flags.String("addr", "127.0.0.1:0", "where the mock listens")
	url := flags.String("url", "", "base URL to load, without a path")
	connections := flags.Int("c", 16, "connections")
	seconds := flags.Float64("s", 2, "how long to load or hold, in seconds")
	stream := flags.Bool("stream", false, "ask for streams")
	size := flags.Int("size", 0, "bytes of a body, instead of about 1 KB")
	kind := flags.String("kind", "prompts", "of such bodies: prompts, turns, parts, batch, or answer and calls (a small one, answered at length)")
	flags.Parse(os.Args[2:])
	switch command {
	case "mock":
		runMock(*address)
	case "load":
		payloads := []payload{chat(body(*stream, ""))}
		if *size > 0 {
			payloads = payloadsOf(*kind, *size)
		}
		runLoad(*url, *connections, *seconds, payloads)
	case "arrive":
		runArrive(*url, *connections, *seconds)
	case "hold":
		runHold(*url, *connections, *seconds)
	default:
		fmt.Fprintln(os.Stderr, "unknown command", command)
		os.Exit(2)
	}
}
