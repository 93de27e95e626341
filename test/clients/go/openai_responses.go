package main

import (
	"context"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

type responding struct{ client openai.Client }

func openResponses(context.Context) (journey, error) {
	return responding{openai.NewClient(option.WithMaxRetries(0))}, nil
}

func inputOf(items ...responses.ResponseInputItemUnionParam) responses.ResponseNewParamsInputUnion {
	return responses.ResponseNewParamsInputUnion{OfInputItemList: items}
}

func said(prompt string) responses.ResponseInputItemUnionParam {
	return responses.ResponseInputItemParamOfMessage(prompt, responses.EasyInputMessageRoleUser)
}

func (r responding) ask(ctx context.Context, params responses.ResponseNewParams) (string, error) {
	answer, err := r.client.Responses.New(ctx, params)
	if err != nil {
		return "", err
	}
	return answer.OutputText(), nil
}

func (r responding) plain(ctx context.Context, model string) (string, error) {
	return r.ask(ctx, responses.ResponseNewParams{Model: model, Input: inputOf(said(prompt))})
}

func (r responding) streamed(ctx context.Context, model string) (string, error) {
	stream := r.client.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: model, Input: inputOf(said(prompt))})
	var text strings.Builder
	for stream.Next() {
		if event := stream.Current(); event.Type == "response.output_text.delta" {
			text.WriteString(event.AsResponseOutputTextDelta().Delta)
		}
	}
	return text.String(), stream.Err()
}

func (r responding) tools(ctx context.Context, model string) (string, error) {
	turns := []responses.ResponseInputItemUnionParam{said(weatherPrompt)}
	params := responses.ResponseNewParams{
		Model: model,
		Input: inputOf(turns...),
		Tools: []responses.ToolUnionParam{responses.ToolParamOfFunction("weather", citySchema, true)},
	}
	called, err := r.client.Responses.New(ctx, params)
	if err != nil {
		return "", err
	}
	for _, item := range called.Output {
		if item.Type != "function_call" {
			continue
		}
		call := item.AsFunctionCall()
		found, err := weather(call.Arguments)
		if err != nil {
			return "", err
		}
		result := responses.ResponseInputItemParamOfFunctionCallOutput(found)
		result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
		turns = append(turns, responses.ResponseInputItemParamOfFunctionCall(call.Arguments, call.CallID, call.Name), result)
	}
	params.Input = inputOf(turns...)
	return r.ask(ctx, params)
}

func (r responding) structured(ctx context.Context, model string) (string, error) {
	return r.ask(ctx, responses.ResponseNewParams{
		Model: model,
		Input: inputOf(said(cityPrompt)),
		Text: responses.ResponseTextConfigParam{
			Format: responses.ResponseFormatTextConfigParamOfJSONSchema("city", citySchema),
		},
	})
}
