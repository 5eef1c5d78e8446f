import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import * as z from "zod";

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
});
const attributes = z.array(z.object({ key: z.string(), value }));
const payload = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(z.object({ name: z.string(), attributes })) })),
    }),
  ),
});

export interface Span {
  readonly name: string;
  readonly service: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

const flat = (list: z.infer<typeof attributes>): Span["attributes"] =>
  Object.fromEntries(list.map(({ key, value: given }) => [key, given.stringValue ?? given.intValue]));

/** A collector of OTLP over HTTP, JSON, on loopback. */
export const startReceiver = async () => {
  const bodies: string[] = [];
  const types = new Set<string | undefined>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      types.add(`${String(request.url)} ${String(request.headers["content-type"])}`);
      bodies.push(Buffer.concat(chunks).toString("utf8"));
      response.setHeader("content-type", "application/json").end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    types: types as ReadonlySet<string | undefined>,
    /** Everything that came, as it came. */
    text: (): string => bodies.join("\n"),
    spans: (): readonly Span[] =>
      bodies.flatMap((body) =>
        payload.parse(JSON.parse(body)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) =>
            spans.map((span) => ({
              name: span.name,
              service: String(flat(resource.attributes)["service.name"]),
              attributes: flat(span.attributes),
            })),
          ),
        ),
      ),
  };
};
