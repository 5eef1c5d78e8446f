import * as z from "zod";
import type { Column, Table } from "./catalog.ts";

/** What is read of a panel; everything else of it, and the order of its keys, stays as it is. */
const panelShape = z.object({
  title: z.string(),
  type: z.string(),
  targets: z.array(z.object({ rawSql: z.string() })).min(1),
});
const object = z.record(z.string(), z.unknown());

/** A unit of Grafana's list, and how many decimals are shown. */
interface Shown {
  readonly unit: string;
  readonly decimals: number;
}

const isFigure = ({ type }: Column): boolean => /^(numeric|bigint|integer|smallint)/.test(type);

/** How a column is shown, by its type and its comment: an amount has no fixed currency, so that it is a plain number. */
const shownAs = ({ type, comment }: Column): Shown => {
  if (/^Days\b/.test(comment)) return { unit: "d", decimals: 0 };
  if (/\ba share\b/i.test(comment)) return { unit: "percentunit", decimals: 2 };
  return { unit: "locale", decimals: type.startsWith("numeric") ? 2 : 0 };
};

/** The expressions of a select list: commas inside parentheses do not part them. */
const selected = (sql: string): readonly { readonly expression: string; readonly alias: string }[] => {
  const list = /^select (.*?) from /.exec(sql)?.[1] ?? "";
  return list.split(/, (?![^()]*\))/).map((item) => {
    const [, expression = item, alias = item] = / as /.test(item) ? (/^(.*) as (\w+)$/.exec(item) ?? []) : [];
    return { expression, alias };
  });
};

/** The column of the catalogue that an expression has the meaning of: a ratio of sums is the one whose comment says it. */
const meaningOf = (expression: string, { columns }: Table): Column | undefined => {
  const ratio = /^sum\((\w+)\) \/ nullif\(sum\((\w+)\), 0\)$/.exec(expression);
  const name = /^(?:(?:sum|min|max)\((\w+)\)|coalesce\((\w+), \w+\)|(\w+)(?:::\w+)?)$/.exec(expression);
  return ratio
    ? columns.find(({ comment }) =>
        new RegExp(String.raw`^${ratio[1] ?? ""} / ${ratio[2] ?? ""}\b`).test(comment),
      )
    : columns.find((column) => column.name === (name?.[1] ?? name?.[2] ?? name?.[3]));
};

/** A column of one name shows that column's figure; the reporting currency may be left unsaid, as a panel has one only. */
const isCalledRight = (alias: string, meaning: Column, { columns }: Table): boolean =>
  !columns.some(({ name }) => name === alias) ||
  alias === meaning.name ||
  `${alias}_reporting` === meaning.name;

/**
 * The dashboard with the units that the catalogue gives its figures.
 * @throws RangeError where a panel shows a figure that the catalogue does not know, or calls it by another's name
 */
export const withUnits = (tables: readonly Table[], content: unknown): unknown => {
  const dashboard = object.parse(content);
  const panels = z
    .array(object)
    .parse(dashboard["panels"])
    .map((whole) => {
      const panel = panelShape.parse(whole);
      const figures = panel.targets.flatMap(({ rawSql }) => {
        const [, name = ""] = / from (marts\.\w+)/.exec(rawSql) ?? [];
        const table = tables.find((each) => `${each.schema}.${each.name}` === name);
        if (table === undefined) throw new RangeError(`${panel.title}: reads no table of the catalogue`);
        return selected(rawSql).flatMap(({ expression, alias }) => {
          const meaning = meaningOf(expression, table);
          if (meaning === undefined)
            throw new RangeError(`${panel.title}: ${expression} has no meaning in ${name}`);
          if (!isCalledRight(alias, meaning, table))
            throw new RangeError(`${panel.title}: ${alias} is ${meaning.name}`);
          return isFigure(meaning) ? [{ alias, shown: shownAs(meaning) }] : [];
        });
      });
      const isTable = panel.type === "table";
      const [only] = figures;
      if (!isTable && (only === undefined || figures.length > 1))
        throw new RangeError(`${panel.title}: shows ${String(figures.length)} figures rather than one`);
      return {
        ...whole,
        fieldConfig: {
          defaults: isTable ? { unit: "none" } : only?.shown,
          overrides: isTable
            ? figures.map(({ alias, shown: { unit, decimals } }) => ({
                matcher: { id: "byName", options: alias },
                properties: [
                  { id: "unit", value: unit },
                  { id: "decimals", value: decimals },
                ],
              }))
            : [],
        },
      };
    });
  return { ...dashboard, panels };
};
