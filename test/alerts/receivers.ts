import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { onTestFinished } from "vitest";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A webhook on loopback; `answer` gives the status, or null to leave the caller waiting. */
export const httpReceiver = async (
  answer: (count: number) => number | null = () => 200,
  headers: Record<string, string> = {},
): Promise<{ url: string; received: Received[] }> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      const status = answer(received.length);
      if (status !== null) response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`, received };
};

export interface MailReceiver {
  readonly url: string;
  readonly mails: string[];
  /** To whom each mail was addressed on the wire, whatever its headers say. */
  readonly recipients: string[][];
  /** Passwords that were shown to it. */
  readonly passwords: string[];
}

/** A mail server on loopback, without encryption, that keeps what it is sent. */
export const mailReceiver = async (
  options: {
    readonly login?: boolean;
    /** Is asked for each recipient, and for each mail that has come whole: what it is refused with. */
    readonly refuses?: (what: { readonly to: string } | { readonly mail: string }) => number | undefined;
  } = {},
): Promise<MailReceiver> => {
  const mails: string[] = [];
  const recipients: string[][] = [];
  const passwords: string[] = [];
  const refusal = (what: { readonly to: string } | { readonly mail: string }) => {
    const responseCode = options.refuses?.(what);
    return responseCode === undefined ? null : Object.assign(new Error("refused"), { responseCode });
  };
  const server = new SMTPServer({
    disabledCommands: options.login === true ? ["STARTTLS"] : ["STARTTLS", "AUTH"],
    allowInsecureAuth: true,
    authOptional: true,
    onAuth: ({ username, password }, _session, done) => {
      passwords.push(password ?? "");
      done(null, { user: username });
    },
    onRcptTo: ({ address }, _session, done) => done(refusal({ to: address })),
    onData: (stream, session, done) => {
      recipients.push(session.envelope.rcptTo.map(({ address }) => address));
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const mail = Buffer.concat(chunks).toString("utf8");
        mails.push(mail);
        done(refusal({ mail }));
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    url: `smtp://127.0.0.1:${String((server.server.address() as AddressInfo).port)}`,
    mails,
    recipients,
    passwords,
  };
};
