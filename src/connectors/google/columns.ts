import { Failure } from "../../domain/failure.ts";

type Metrics = Readonly<Record<string, unknown>>;

/** Sees to it that an answer has the metrics that its query asks for. */
export interface ColumnCheck {
  /** To be told of all rows. */
  see(rows: readonly unknown[]): void;
  /** To be told of each batch's `fieldMask`. */
  mask(fieldMask: string): void;
  /** @throws Failure `data` that names a metric which was asked for and is not in the answer. */
  end(): void;
}

/** `metrics.cost_micros` as rows name it: `costMicros`. */
const camel = (field: string): string =>
  field.slice("metrics.".length).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const isPositive = (value: unknown): boolean => Number(value ?? 0) > 0;

/** A figure that cannot well be 0 in every row where the other is not. */
const implies: Readonly<Record<string, (metrics: Metrics) => boolean>> = {
  costMicros: ({ clicks }) => isPositive(clicks),
  impressions: ({ clicks, costMicros }) => isPositive(clicks) || isPositive(costMicros),
  allConversions: ({ conversions }) => isPositive(conversions),
};

/**
 * A metric that a row lacks is 0 ("JSON mappings"). One that no row of the answer has was not answered, unless the
 * answer's field mask names it and no other figure speaks against 0.
 */
export const checkColumns = (what: string, gaql: string, accountId: string): ColumnCheck => {
  const asked = new Map((gaql.match(/metrics\.\w+/g) ?? []).map((field) => [camel(field), field]));
  const masked = new Set<string>();
  const implied = new Set<string>();
  /** Whether any figure is there: an answer without one lacks nothing. */
  let came = false;
  return {
    see(rows) {
      for (const row of rows) {
        if (asked.size === 0) return;
        const { metrics = {} } = row as { readonly metrics?: Metrics };
        // What a row inherits counts too: rows that were read by what they look like have all of theirs so.
        for (const name in metrics) came ||= Number(metrics[name]) !== 0;
        for (const name of asked.keys())
          if (metrics[name] !== undefined && metrics[name] !== null) asked.delete(name);
          else if (implies[name]?.(metrics)) implied.add(name);
      }
    },
    mask(fieldMask) {
      for (const path of fieldMask.split(",")) masked.add(path.trim().replace(/^metrics\./, ""));
    },
    end() {
      if (!came) return;
      for (const [name, field] of asked)
        if (!masked.has(name) || implied.has(name))
          throw new Failure({
            kind: "data",
            platform: "google",
            accountId,
            message: `${what}: ${field} was asked for and is not in the answer`,
            remedy:
              "nothing of this window was published; try again later, and report it to costper if it stays",
          });
    },
  };
};
