import type { Dictionary } from "../../api/answers.ts";
import { apiPath, ask } from "../api.ts";
import type { View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h } from "../dom.ts";
import { empty, heading } from "../parts.ts";

type Table = Dictionary["tables"][number];

const section = ({ name, kind, meaning, columns }: Table): HTMLElement =>
  h(
    "section",
    { class: "card", id: name },
    h("h2", {}, h("code", {}, name), h("span", { class: "badge" }, kind)),
    h("p", {}, meaning),
    columns.length === 0
      ? null
      : dataTable({
          caption: `Columns of ${name}`,
          columns: [{ name: "Column" }, { name: "Type" }, { name: "Meaning" }],
          rows: columns.map((column) => [h("code", {}, column.name), column.type, column.meaning]),
        }),
  );

const matches = ({ name, meaning, columns }: Table, wanted: string): boolean =>
  [name, meaning, ...columns.flatMap((column) => [column.name, column.meaning])].some((text) =>
    text.toLowerCase().includes(wanted),
  );

/** What every column of the marts means, in the words that the database itself keeps. */
export const dictionaryView: View = {
  title: "Dictionary",
  filters: [],
  draw: async ({ signal }) => {
    const { tables } = await ask<Dictionary>(apiPath("dictionary", []), signal);
    const list = h("div", { class: "group" }, ...tables.map(section));
    const input = h("input", { type: "search", placeholder: "Table, column or meaning" });
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      const found = tables.filter((table) => matches(table, wanted));
      list.replaceChildren(
        ...(found.length === 0 ? [empty("Nothing has that word", "Try a part of it.")] : found.map(section)),
      );
    });
    return [
      heading("Dictionary", "Every table and column of the schema marts, as the database explains it."),
      h(
        "form",
        { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() },
        h("label", { class: "field" }, h("span", {}, "Find"), input),
      ),
      list,
    ];
  },
};
