import * as z from "zod";
import { createPageGuard } from "../wire/paging.ts";
import type { Ask, Call } from "./client.ts";

/** The most that one page may have. */
const pageSize = "1000";

/** The pages of an entity list, deleted entities too: their figures stay. */
export async function* pagesOf<Item extends z.ZodType>(
  ask: Ask,
  call: Omit<Call<Item>, "schema">,
  item: Item,
): AsyncGenerator<readonly z.output<Item>[]> {
  const guard = createPageGuard({ what: call.name, platform: "x" });
  const schema = z.object({ data: z.array(item), next_cursor: z.string().nullish() });
  let cursor: string | undefined;
  do {
    const page = await ask({
      ...call,
      schema,
      parameters: {
        ...call.parameters,
        with_deleted: "true",
        count: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      },
    });
    cursor = page.next_cursor || undefined;
    guard.check(page.data, cursor);
    yield page.data;
  } while (cursor !== undefined);
}
