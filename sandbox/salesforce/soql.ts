import type { SObject } from "./world.ts";

interface Condition {
  readonly field: string;
  readonly holds: (value: string | number | boolean | undefined) => boolean;
}

/** A query as far as the sandbox understands SOQL. */
export interface Soql {
  readonly fields: readonly string[];
  readonly object: string;
  readonly conditions: readonly Condition[];
  readonly order: readonly string[];
  readonly limit: number;
}

const shape =
  /^SELECT (?<fields>.+?) FROM (?<object>\w+)(?: WHERE (?<where>.+?))?(?: ORDER BY (?<order>[\w, ]+?))?(?: LIMIT (?<limit>\d+))?$/;
const condition = /^(?<field>[\w.]+) (?:(?<sign>>=|<|=) (?<value>\S+)|IN \((?<list>[^)]+)\))$/;

const literalOf = (written: string): string =>
  /^'.*'$/.test(written) ? written.slice(1, -1) : written.replace("Z", ".000+0000");

/** Undefined: MALFORMED_QUERY. */
export const parseSoql = (text: string): Soql | undefined => {
  const { fields, object, where, order, limit } = shape.exec(text)?.groups ?? {};
  if (fields === undefined || object === undefined) return undefined;
  const conditions: Condition[] = [];
  for (const part of where?.split(" AND ") ?? []) {
    const { field, sign, value, list } = condition.exec(part)?.groups ?? {};
    if (field === undefined) return undefined;
    if (list !== undefined) {
      const values = new Set(list.split(",").map(literalOf));
      conditions.push({ field, holds: (own) => values.has(String(own)) });
      continue;
    }
    const bound = literalOf(value ?? "");
    conditions.push({
      field,
      holds: (own) =>
        own !== undefined &&
        (sign === ">=" ? String(own) >= bound : sign === "<" ? String(own) < bound : String(own) === bound),
    });
  }
  return {
    fields: fields.split(",").map((field) => field.trim()),
    object,
    conditions,
    order: (order ?? "Id").split(",").map((field) => field.trim()),
    limit: Number(limit ?? Number.POSITIVE_INFINITY),
  };
};

/** The records that a query finds, in its order. */
export const select = (records: Iterable<SObject>, { conditions, order, limit }: Soql): SObject[] =>
  [...records]
    .filter((record) => conditions.every(({ field, holds }) => holds(record[field])))
    .sort((one, other) => {
      for (const field of order) {
        const [a, b] = [String(one[field] ?? ""), String(other[field] ?? "")];
        if (a !== b) return a < b ? -1 : 1;
      }
      return 0;
    })
    .slice(0, limit);
