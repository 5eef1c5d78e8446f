import * as z from "zod";
import { readValue } from "../wire/json.ts";
import { createPageGuard } from "../wire/paging.ts";
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

const about = (resource: string) => ({ what: resource, platform: "linkedin" }) as const;

/** Pages of a search finder. A page may be short or empty and still not the last: only a missing token ends them. */
export async function* pagesByToken(ask: Ask, finder: Finder): AsyncGenerator<readonly Item[]> {
  const guard = createPageGuard(about(finder.resource));
  let token: string | undefined;
  do {
    const query = queryOf({
      ...finder.parameters,
      pageSize,
      ...(token === undefined ? {} : { pageToken: token }),
    });
    const answer = await ask({ ...finder, finder: true, query });
    const page = readValue(answer, pageSchema, about(finder.resource));
    token = page.metadata?.nextPageToken || undefined;
    guard.check(page.elements, token);
    yield page.elements;
  } while (token !== undefined);
}

/** Pages of an older finder, which count; a page that is not full is the last one. */
export async function* pagesByCount(ask: Ask, finder: Finder): AsyncGenerator<readonly Item[]> {
  const guard = createPageGuard(about(finder.resource));
  for (let start = 0; ; start += pageSize) {
    const query = queryOf({ ...finder.parameters, start, count: pageSize });
    const answer = await ask({ ...finder, finder: true, query });
    const { elements } = readValue(answer, pageSchema, about(finder.resource));
    guard.check(elements);
    yield elements;
    if (elements.length < pageSize) return;
  }
}
