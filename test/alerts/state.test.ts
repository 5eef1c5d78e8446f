import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AlertInput, type AlertMemory, nextStep, unremembered } from "../../src/alerts/state/state.ts";
import { addDays } from "../../src/domain/day.ts";

const start = "2026-03-01";

interface Move {
  readonly verdict: AlertInput["verdict"];
  readonly days: number;
  readonly silenced: boolean;
  /** The process dies before the transaction is through: nothing of the step is kept, and it is made again. */
  readonly crashes: boolean;
}

const move: fc.Arbitrary<Move> = fc.record({
  verdict: fc.constantFrom("breach", "ok", "no_data"),
  days: fc.integer({ min: 0, max: 2 }),
  silenced: fc.boolean(),
  crashes: fc.boolean(),
});

const inputOf = (
  move: Omit<Move, "crashes" | "days">,
  day: string,
  rule: Partial<AlertInput> = {},
): AlertInput => ({
  verdict: move.verdict,
  silenced: move.silenced,
  day,
  at: new Date(`${day}T06:00:00Z`),
  forDays: 0,
  repeatMs: undefined,
  notify: ["team", "ops"],
  ...rule,
});

interface Said {
  readonly kind: "firing" | "resolved";
  readonly event: string;
  readonly to: readonly string[];
}

const run = (
  moves: readonly Move[],
  rule: Partial<AlertInput> = {},
): { memory: AlertMemory; said: Said[]; day: string } => {
  let memory = unremembered(new Date(0));
  let day = start;
  const said: Said[] = [];
  for (const one of moves) {
    day = addDays(day, one.days);
    const input = inputOf(one, day, rule);
    if (one.crashes) nextStep(memory, input);
    const step = nextStep(memory, input);
    if (step.saying !== undefined) said.push(step.saying);
    memory = step.memory;
  }
  return { memory, said, day };
};

/** What one notifier heard, in order. */
const heardBy = (said: readonly Said[], name: string): string[] =>
  said.filter(({ to }) => to.includes(name)).map(({ kind }) => kind);

describe("whatever sequence of evaluations, crashes and silences", () => {
  const rules = fc.record({ forDays: fc.integer({ min: 0, max: 3 }) });

  test("nothing is said twice for one state, and every firing that was said is taken back once", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), rules, (moves, rule) => {
        const { memory, said, day } = run(moves, rule);
        const end = nextStep(memory, inputOf({ verdict: "ok", silenced: true }, addDays(day, 1), rule));
        const all = end.saying === undefined ? said : [...said, end.saying];
        for (const name of ["team", "ops"]) {
          const heard = heardBy(all, name);
          expect(heard).toEqual(heard.map((_, index) => (index % 2 === 0 ? "firing" : "resolved")));
          expect(heard.length % 2).toBe(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("no two things that are said have one name, repeats included", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), rules, (moves, rule) => {
        const { said } = run(moves, { ...rule, repeatMs: 86_400_000 });
        expect(new Set(said.map(({ event }) => event)).size).toBe(said.length);
      }),
      { numRuns: 500 },
    );
  });

  test("the same evaluation again changes nothing but resolved to inactive, and says nothing", () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 40 }), rules, (moves, rule) => {
        const { memory, day } = run(moves, rule);
        const last = moves.at(-1);
        if (last === undefined) return;
        const again = nextStep(memory, inputOf(last, day, rule));
        expect(again.saying).toBeUndefined();
        expect(again.memory.state).toBe(memory.state === "resolved" ? "inactive" : memory.state);
      }),
      { numRuns: 500 },
    );
  });

  test("nothing new is said in a silence, and what still fires is said when it ends", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        const { said, memory, day } = run(moves.map((one) => ({ ...one, silenced: true })));
        expect(said).toEqual([]);
        const step = nextStep(memory, inputOf({ verdict: "breach", silenced: false }, addDays(day, 1)));
        expect(step.saying?.kind).toBe("firing");
      }),
      { numRuns: 300 },
    );
  });

  test("it fires only once it has held on so many days in a row", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), fc.integer({ min: 2, max: 4 }), (moves, forDays) => {
        let memory = unremembered(new Date(0));
        let day = start;
        const held = new Set<string>();
        for (const one of moves) {
          day = addDays(day, one.days);
          const before = memory;
          memory = nextStep(memory, inputOf(one, day, { forDays })).memory;
          if (one.verdict === "ok") held.clear();
          if (one.verdict === "breach") held.add(day);
          if (memory.state === "firing" && !before.open) expect(held.size).toBe(forDays);
          if (memory.state === "pending") expect(held.size).toBeLessThan(forDays);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("one alert", () => {
  const walk = (verdicts: readonly AlertInput["verdict"][], rule: Partial<AlertInput> = {}) => {
    let memory = unremembered(new Date(0));
    return verdicts.map((verdict, index) => {
      const step = nextStep(memory, inputOf({ verdict, silenced: false }, addDays(start, index), rule));
      memory = step.memory;
      return `${memory.state}${step.saying === undefined ? "" : `!${step.saying.kind}`}`;
    });
  };
  test.each([
    ["fires, resolves, rests", ["breach", "ok", "ok"], ["firing!firing", "resolved!resolved", "inactive"]],
    [
      "keeps quiet about data that comes and goes",
      ["breach", "no_data", "breach"],
      ["firing!firing", "no_data", "firing"],
    ],
    [
      "resolves after a time without data",
      ["breach", "no_data", "ok"],
      ["firing!firing", "no_data", "resolved!resolved"],
    ],
    ["is not fine without data", ["no_data", "ok"], ["no_data", "inactive"]],
  ] as const)("%s", (_, verdicts, states) => {
    expect(walk(verdicts)).toEqual(states);
  });
  test("waits while pending, and starts over after a good day", () => {
    expect(walk(["breach", "ok", "breach", "breach"], { forDays: 2 })).toEqual([
      "pending",
      "inactive",
      "pending",
      "firing!firing",
    ]);
  });
  test("is said again when it is time to", () => {
    expect(walk(["breach", "breach", "breach"], { repeatMs: 2 * 86_400_000 })).toEqual([
      "firing!firing",
      "firing",
      "firing!firing",
    ]);
  });
  test("a firing alert keeps its beginning across a time without data", () => {
    let memory = nextStep(
      unremembered(new Date(0)),
      inputOf({ verdict: "breach", silenced: false }, start),
    ).memory;
    memory = nextStep(memory, inputOf({ verdict: "no_data", silenced: false }, "2026-03-02")).memory;
    memory = nextStep(memory, inputOf({ verdict: "breach", silenced: false }, "2026-03-03")).memory;
    expect(memory.since).toEqual(new Date(`${start}T06:00:00Z`));
  });
});
