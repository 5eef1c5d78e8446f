/**
 * What Google's published source lists lack, as of 2026-11-21: hosts and names that came since, and the AI assistants,
 * which Google made a channel of in May 2026 without publishing a list.
 */
export const overlay = {
  social: [
    "x",
    "x.com",
    "threads",
    "threads.net",
    "l.threads.net",
    "threads.com",
    "l.threads.com",
    "bluesky",
    "bsky.app",
    "go.bsky.app",
  ],
  /** Any subdomain of these is somebody's own page there. */
  socialDomains: ["tumblr.com", "wordpress.com", "blogspot.com", "substack.com"],
  search: ["search.brave.com", "startpage.com", "kagi.com"],
  assistants: [
    "chatgpt",
    "chatgpt.com",
    "chat.openai.com",
    "perplexity",
    "perplexity.ai",
    "gemini.google.com",
    "claude.ai",
    "copilot.microsoft.com",
    "chat.deepseek.com",
    "grok.com",
    "chat.mistral.ai",
    "meta.ai",
    "poe.com",
    "duck.ai",
  ],
} as const;
