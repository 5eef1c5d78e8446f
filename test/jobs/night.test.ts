import { describe, expect, test } from "vitest";
import { backends, openBackend } from "./backends.ts";
import { begin, configOf, fingerprint, nightOver, openSandbox, openService } from "./night-support.ts";

describe.each(backends)("a night on %s", (kind) => {
  test("plans, loads, rolls up and closes, and a second one changes nothing", async () => {
    const sandbox = await openSandbox();
    const { database, queues } = await openBackend(kind);
    const config = configOf(sandbox);
    let alerted = 0;
    await openService({ config, database, queues, afterRollup: async () => void (alerted += 1) });
    const first = await begin(config, database, queues);
    expect(await nightOver(database, first)).toBe("done");
    const before = await fingerprint(database);
    expect(before["daily"]).not.toMatch(/^0 /);
    const second = await begin(config, database, queues, "the night after");
    expect(await nightOver(database, second)).toBe("done");
    expect(await fingerprint(database)).toEqual(before);
    expect(alerted).toBe(2);
    const { rows } = await database.pool.query(
      "select from ops.job where state <> 'done' or (kind = 'slice' and attempts <> 1)",
    );
    expect(rows).toEqual([]);
  });
});
