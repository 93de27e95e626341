// What every app does with its client, and how it says what came of it: as apps/journey.ts, one JSON line per model.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
)

const (
	prompt        = "Say hello."
	weatherPrompt = "How is the weather in Rom?"
	cityPrompt    = "Where is the Colosseum?"
)

var cityProperties = map[string]any{"city": map[string]any{"type": "string"}}

var citySchema = map[string]any{
	"type":                 "object",
	"properties":           cityProperties,
	"required":             []string{"city"},
	"additionalProperties": false,
}

type city struct {
	City string `json:"city"`
}

func weather(arguments string) (string, error) {
	var asked city
	err := json.Unmarshal([]byte(arguments), &asked)
	return "sun in " + asked.City, err
}

// A journey gives text, or with structured the text of an object.
type journey interface {
	plain(ctx context.Context, model string) (string, error)
	streamed(ctx context.Context, model string) (string, error)
	tools(ctx context.Context, model string) (string, error)
	structured(ctx context.Context, model string) (string, error)
}

type refused struct {
	Refused string `json:"refused"`
}

type result struct {
	Plain      string `json:"plain"`
	Streamed   string `json:"streamed"`
	Tools      string `json:"tools"`
	Structured any    `json:"structured"`
}

// A service may have no objects by schema: what the client says of that is a result too.
func object(text string, err error) any {
	var found city
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	if err != nil {
		return refused{wordsOf(err)}
	}
	return found
}

// OpenAI's errors tell the status alone unless asked for more.
func wordsOf(err error) string {
	if failure := (*openai.Error)(nil); errors.As(err, &failure) {
		return failure.Message
	}
	return err.Error()
}

func travel(ctx context.Context, steps journey, model string) (found result, err error) {
	if found.Plain, err = steps.plain(ctx, model); err != nil {
		return found, fmt.Errorf("%s, plain: %w", model, err)
	}
	if found.Streamed, err = steps.streamed(ctx, model); err != nil {
		return found, fmt.Errorf("%s, streamed: %w", model, err)
	}
	if found.Tools, err = steps.tools(ctx, model); err != nil {
		return found, fmt.Errorf("%s, tools: %w", model, err)
	}
	found.Structured = object(steps.structured(ctx, model))
	return found, nil
}

func run(ctx context.Context, app string, models []string) error {
	open, known := map[string]func(context.Context) (journey, error){
		"openai-chat":      openChat,
		"openai-responses": openResponses,
		"anthropic":        openAnthropic,
		"google-genai":     openGoogle,
	}[app]
	if !known {
		return fmt.Errorf("no app %q", app)
	}
	steps, err := open(ctx)
	if err != nil {
		return err
	}
	for _, model := range models {
		found, err := travel(ctx, steps, model)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
