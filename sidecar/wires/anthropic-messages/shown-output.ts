/**
 * Claude models that bill what they show as long as nobody asks them to think: of thinking only a summary comes from Claude 4 on (docs.claude.com,
 * Extended thinking). Newer generations than these may think unasked.
 */
export const SHOWN_BY_CLAUDE = { unlessReasoning: /claude-(?:instant|v?2|v?3|(?:opus|sonnet|haiku)-4)(?![0-9])/ };
