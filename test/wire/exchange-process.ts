import { postJson } from "../../src/alerts/deliver/post.ts";
import { exchange } from "../../src/connectors/wire/exchange.ts";
import { asFailure } from "../../src/domain/failure.ts";

// One exchange in a process of its own, since proxies and certificate authorities come from the environment.
const [url = "", how = "get"] = process.argv.slice(2);
const ask = async (): Promise<object> => {
  if (how === "get") {
    const { status, text } = await exchange({
      url,
      call: "test",
      headers: { authorization: "Bearer s3cr3t-token" },
      signal: new AbortController().signal,
      idleMs: 5_000,
    });
    return { status, text };
  }
  await postJson({ url, allowPrivate: false, body: "{}", headers: {}, timeoutMs: 5_000 });
  return { status: 200 };
};
const answer = await ask().catch((error: unknown) => {
  const { kind, code, message, remedy } = asFailure(error);
  return { kind, code, message, remedy };
});
process.stdout.write(JSON.stringify(answer));
