import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";

// The only page that is drawn without the bundle, which itself wants a session; its style is allowed by its hash.
const style = `
:root{color-scheme:light dark;--ink:#1c2024;--dim:#5a6169;--ground:#f7f8f9;--card:#fff;--line:#8b939c;--accent:#1f5fbf;--on:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#eceef0;--dim:#a4abb3;--ground:#15181b;--card:#1d2125;--line:#6d757e;--accent:#8ab4f8;--on:#10151c;--bad:#f2a29b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:min(22rem,calc(100vw - 2rem));padding:2rem;background:var(--card);border-radius:.75rem}
h1{margin:0 0 .25rem;font-size:1.25rem}p{margin:0 0 1.25rem;color:var(--dim)}
label{display:block;margin-bottom:.25rem;font-weight:600}
input,button{width:100%;font:inherit;padding:.6rem .75rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit}
button{margin-top:1rem;border:0;background:var(--accent);color:var(--on);font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.bad{color:var(--bad)}`;

const styleHash = createHash("sha256").update(style).digest("base64");

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);

/** A path of ours, whatever was asked for: never another site. */
export const localPath = (path: string | undefined): string => {
  // Browsers read a backslash as a slash and drop tabs and line breaks: the URL is judged as they would read it.
  const here = "http://localhost";
  if (path === undefined || !path.startsWith("/") || !URL.canParse(path, here)) return "/";
  const { origin, pathname, search } = new URL(path, here);
  const local = origin === here && !pathname.startsWith("//") && !pathname.startsWith("/login");
  return local ? pathname + search : "/";
};

export interface LoginPage {
  /** Where to go once logged in. */
  readonly next: string | undefined;
  /** Said above the field. */
  readonly problem?: string;
  /** Ask for this page once more, from this site. */
  readonly again?: string;
}

/** The form that asks for the token. Works without script. */
export const loginPage = (reply: FastifyReply, { next, problem, again }: LoginPage): FastifyReply =>
  reply
    .header(
      "content-security-policy",
      `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
    .header("cache-control", "no-store")
    .type("text/html; charset=utf-8").send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${again === undefined ? "" : `<meta http-equiv="refresh" content="0; url=${escape(localPath(again))}">`}
<title>Log in · costper</title><style>${style}</style></head>
<body><main><h1>costper</h1>
${problem === undefined ? "<p>Log in with the token of this server.</p>" : `<p class="bad" role="alert">${escape(problem)}</p>`}
<form method="post" action="/login"><input type="hidden" name="next" value="${escape(localPath(next))}">
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button></form></main></body></html>`);
