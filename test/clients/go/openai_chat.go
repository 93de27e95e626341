package main

import (
	"context"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

type chat struct{ client openai.Client }

func openChat(context.Context) (journey, error) {
	return chat{openai.NewClient(option.WithMaxRetries(0))}, nil
}

func (c chat) ask(ctx context.Context, params openai.ChatCompletionNewParams) (openai.ChatCompletionMessage, error) {
	answer, err := c.client.Chat.Completions.New(ctx, params)
	if err != nil {
		return openai.ChatCompletionMessage{}, err
	}
	return answer.Choices[0].Message, nil
}

func asking(model, prompt string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
	}
}

func (c chat) plain(ctx context.Context, model string) (string, error) {
	message, err := c.ask(ctx, asking(model, prompt))
	return message.Content, err
}

func (c chat) streamed(ctx context.Context, model string) (string, error) {
	stream := c.client.Chat.Completions.NewStreaming(ctx, asking(model, prompt))
	whole := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return "", err
	}
	return whole.Choices[0].Message.Content, nil
}

func (c chat) tools(ctx context.Context, model string) (string, error) {
	params := asking(model, weatherPrompt)
	params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name:       "weather",
		Parameters: citySchema,
	})}
	called, err := c.ask(ctx, params)
	if err != nil {
		return "", err
	}
	params.Messages = append(params.Messages, called.ToParam())
	for _, call := range called.ToolCalls {
		found, err := weather(call.Function.Arguments)
		if err != nil {
			return "", err
		}
		params.Messages = append(params.Messages, openai.ToolMessage(found, call.ID))
	}
	message, err := c.ask(ctx, params)
	return message.Content, err
}

func (c chat) structured(ctx context.Context, model string) (string, error) {
	params := asking(model, cityPrompt)
	params.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{
		OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name:   "city",
				Schema: citySchema,
				Strict: openai.Bool(true),
			},
		},
	}
	message, err := c.ask(ctx, params)
	return message.Content, err
}
