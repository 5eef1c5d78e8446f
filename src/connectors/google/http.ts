import { Failure } from "../../domain/failure.ts";

/** An answer whose body is read piece by piece; nothing is read ahead of `read`, so the sender waits for us. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The next bytes, or undefined at the end. @throws Failure `transient` on a reset or a stall. */
  read(): Promise<Buffer | undefined>;
  /** Lets go of the connection; may be called more than once. */
  close(): void;
}

export interface Sending {
  readonly signal: AbortSignal;
  /** Given up when nothing has come for so long, before the headers or within the body. */
  readonly idleMs: number;
}

/** The failure of a caller that was told to stop. */
export const interrupted = (signal: AbortSignal): Failure => {
  const reason: unknown = signal.reason;
  return reason instanceof Failure
    ? reason
    : new Failure({ kind: "cancelled", platform: "google", message: "interrupted", cause: reason });
};

// The reason of a failed fetch stands in a chain of causes; only codes are taken, which hold no header or body.
const codeOf = (error: unknown): string => {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === "string") return code;
  }
  return "connection lost";
};

const unreachable = (url: string, error: unknown): Failure =>
  new Failure({
    kind: "transient",
    platform: "google",
    code: codeOf(error),
    message: `the connection to ${new URL(url).host} failed: ${codeOf(error)}`,
    remedy: "it is tried again; if it lasts, check the network and any proxy between",
  });

const stalled = (url: string, idleMs: number): Failure =>
  new Failure({
    kind: "transient",
    platform: "google",
    code: "timeout",
    message: `${new URL(url).host} sent nothing for ${String(idleMs / 1000)} s`,
    remedy: "it is tried again; connectors.google.timeoutSeconds sets how long a silence is borne",
  });

/** Sends a request and returns as soon as its headers have come. Redirects are not followed: they would carry the token. */
export const send = async (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  },
  { signal, idleMs }: Sending,
): Promise<Answer> => {
  if (signal.aborted) throw interrupted(signal);
  const controller = new AbortController();
  let waiting = true;
  let silent = false;
  const timer = setTimeout(() => {
    // A reader that takes its time is no silence of the sender.
    if (!waiting) return;
    silent = true;
    controller.abort();
  }, idleMs);
  const onAbort = () => controller.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const release = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  };
  const close = () => {
    release();
    controller.abort();
  };
  const guarded = async <T>(io: Promise<T>): Promise<T> => {
    waiting = true;
    timer.refresh();
    try {
      return await io;
    } catch (error) {
      close();
      if (signal.aborted) throw interrupted(signal);
      throw silent ? stalled(url, idleMs) : unreachable(url, error);
    } finally {
      waiting = false;
    }
  };

  const response = await guarded(fetch(url, { ...init, redirect: "manual", signal: controller.signal }));
  const reader = response.body?.getReader();
  return {
    status: response.status,
    headers: response.headers,
    async read() {
      if (!reader) return undefined;
      const { value } = await guarded(reader.read());
      if (value) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      release();
      return undefined;
    },
    close,
  };
};

/** Reads what is left of a short body as text and lets go of the connection. */
export const readText = async (answer: Answer, limitBytes = 4_000_000): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for (let chunk = await answer.read(); chunk && bytes < limitBytes; chunk = await answer.read()) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } finally {
    answer.close();
  }
  return Buffer.concat(chunks).toString("utf8");
};
