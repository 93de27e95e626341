package main

import (
	"context"
	"encoding/json"

	"google.golang.org/genai"
)

type generating struct{ client *genai.Client }

// For the Gemini API, or for Vertex AI where the environment says so.
func openGoogle(ctx context.Context) (journey, error) {
	client, err := genai.NewClient(ctx, &genai.ClientConfig{})
	return generating{client}, err
}

func (g generating) ask(ctx context.Context, model string, turns []*genai.Content, config *genai.GenerateContentConfig) (string, error) {
	answer, err := g.client.Models.GenerateContent(ctx, model, turns, config)
	if err != nil {
		return "", err
	}
	return answer.Text(), nil
}

func (g generating) plain(ctx context.Context, model string) (string, error) {
	return g.ask(ctx, model, genai.Text(prompt), nil)
}

func (g generating) streamed(ctx context.Context, model string) (string, error) {
	text := ""
	for chunk, err := range g.client.Models.GenerateContentStream(ctx, model, genai.Text(prompt), nil) {
		if err != nil {
			return "", err
		}
		text += chunk.Text()
	}
	return text, nil
}

func (g generating) tools(ctx context.Context, model string) (string, error) {
	config := &genai.GenerateContentConfig{Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
		Name:                 "weather",
		Description:          "Weather of a city",
		ParametersJsonSchema: citySchema,
	}}}}}
	turns := genai.Text(weatherPrompt)
	called, err := g.client.Models.GenerateContent(ctx, model, turns, config)
	if err != nil {
		return "", err
	}
	results := []*genai.Part{}
	for _, call := range called.FunctionCalls() {
		arguments, err := json.Marshal(call.Args)
		if err != nil {
			return "", err
		}
		found, err := weather(string(arguments))
		if err != nil {
			return "", err
		}
		part := genai.NewPartFromFunctionResponse(call.Name, map[string]any{"output": found})
		part.FunctionResponse.ID = call.ID
		results = append(results, part)
	}
	turns = append(turns, called.Candidates[0].Content, genai.NewContentFromParts(results, genai.RoleUser))
	return g.ask(ctx, model, turns, config)
}

func (g generating) structured(ctx context.Context, model string) (string, error) {
	return g.ask(ctx, model, genai.Text(cityPrompt), &genai.GenerateContentConfig{
		ResponseMIMEType:   "application/json",
		ResponseJsonSchema: citySchema,
	})
}
