import { z } from "zod";
import { Failure } from "../../domain/failure.ts";
import type { Ask, Call } from "./client.ts";
import { type Parameters, queryOf } from "./restli.ts";

const pageSchema = z.object({
  elements: z.array(z.looseObject({})),
  metadata: z
    .looseObject({ nextPageToken: z.union([z.string(), z.number().transform(String)]).nullish() })
    .nullish(),
});

type Item = Readonly<Record<string, unknown>>;

export interface Finder extends Pick<Call, "resource" | "accountId" | "signal"> {
  readonly parameters: Parameters;
}

const pageSize = 100;

const wrong = (resource: string, message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "linkedin",
    message: `${resource}: ${message}`,
    remedy: "report it to costper",
  });

const readPage = (resource: string, answer: unknown): z.infer<typeof pageSchema> => {
  const page = pageSchema.safeParse(answer);
  if (page.success) return page.data;
  throw wrong(resource, `the answer has an unknown shape at ${page.error.issues[0]?.path.join(".") ?? ""}`);
};

/** Pages of a search finder. A page may be short or empty and still not the last: only a missing token ends them. */
export async function* pagesByToken(ask: Ask, finder: Finder): AsyncGenerator<readonly Item[]> {
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const query = queryOf({
      ...finder.parameters,
      pageSize,
      ...(token === undefined ? {} : { pageToken: token }),
    });
    const page = readPage(finder.resource, await ask({ ...finder, finder: true, query }));
    yield page.elements;
    token = page.metadata?.nextPageToken || undefined;
    if (token !== undefined && seen.has(token)) throw wrong(finder.resource, "a page token came twice");
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
}

/** Pages of an older finder, which count; a page that is not full is the last one. */
export async function* pagesByCount(ask: Ask, finder: Finder): AsyncGenerator<readonly Item[]> {
  let first: string | undefined;
  for (let start = 0; ; start += pageSize) {
    const query = queryOf({ ...finder.parameters, start, count: pageSize });
    const { elements } = readPage(finder.resource, await ask({ ...finder, finder: true, query }));
    const id = JSON.stringify(elements[0]);
    if (start > 0 && id !== undefined && id === first) throw wrong(finder.resource, "a page came twice");
    first ??= id;
    yield elements;
    if (elements.length < pageSize) return;
  }
}
