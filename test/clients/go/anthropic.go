package main

import (
	"context"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

type messages struct{ client anthropic.Client }

func openAnthropic(context.Context) (journey, error) {
	return messages{anthropic.NewClient(option.WithMaxRetries(0))}, nil
}

func telling(model, prompt string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1024,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))},
	}
}

func textOf(message *anthropic.Message) string {
	var text strings.Builder
	for _, block := range message.Content {
		if block.Type == "text" {
			text.WriteString(block.Text)
		}
	}
	return text.String()
}

func (m messages) ask(ctx context.Context, params anthropic.MessageNewParams) (string, error) {
	message, err := m.client.Messages.New(ctx, params)
	if err != nil {
		return "", err
	}
	return textOf(message), nil
}

func (m messages) plain(ctx context.Context, model string) (string, error) {
	return m.ask(ctx, telling(model, prompt))
}

func (m messages) streamed(ctx context.Context, model string) (string, error) {
	stream := m.client.Messages.NewStreaming(ctx, telling(model, prompt))
	whole := anthropic.Message{}
	for stream.Next() {
		if err := whole.Accumulate(stream.Current()); err != nil {
			return "", err
		}
	}
	return textOf(&whole), stream.Err()
}

func (m messages) tools(ctx context.Context, model string) (string, error) {
	params := telling(model, weatherPrompt)
	params.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name:        "weather",
		InputSchema: anthropic.ToolInputSchemaParam{Properties: cityProperties, Required: []string{"city"}},
	}}}
	called, err := m.client.Messages.New(ctx, params)
	if err != nil {
		return "", err
	}
	results := []anthropic.ContentBlockParamUnion{}
	for _, block := range called.Content {
		if block.Type != "tool_use" {
			continue
		}
		found, err := weather(string(block.Input))
		if err != nil {
			return "", err
		}
		results = append(results, anthropic.NewToolResultBlock(block.ID, found, false))
	}
	params.Messages = append(params.Messages, called.ToParam(), anthropic.NewUserMessage(results...))
	return m.ask(ctx, params)
}

func (m messages) structured(ctx context.Context, model string) (string, error) {
	params := telling(model, cityPrompt)
	params.OutputConfig = anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: citySchema}}
	return m.ask(ctx, params)
}
