import { useState } from "preact/hooks";
import type { Dictionary } from "../../api/answers.ts";
import { Answered } from "../parts/answered.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Empty, Heading } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import type { View } from "./view.ts";
import { Field } from "../parts/field.tsx";

type Table = Dictionary["tables"][number];

const Section = ({ name, kind, meaning, columns }: Table) => (
  <section class="card" id={name}>
    <h2>
      <code>{name}</code>
      <span class="badge">{kind}</span>
    </h2>
    <p>{meaning}</p>
    {columns.length > 0 && (
      <DataTable
        caption={`Columns of ${name}`}
        columns={[{ name: "Column" }, { name: "Type" }, { name: "Meaning" }]}
        rows={columns.map((column) => [<code>{column.name}</code>, column.type, column.meaning])}
      />
    )}
  </section>
);

const matches = ({ name, meaning, columns }: Table, wanted: string): boolean =>
  [name, meaning, ...columns.flatMap((column) => [column.name, column.meaning])].some((text) =>
    text.toLowerCase().includes(wanted),
  );

const Tables = ({ tables }: Dictionary) => {
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const found = tables.filter((table) => matches(table, wanted));
  return (
    <>
      <Heading title="Dictionary">
        Every table and column of the schema marts, as the database explains it.
      </Heading>
      <form class="tools" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label="Find">
          <input
            type="search"
            placeholder="Table, column or meaning"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </Field>
      </form>
      <div class="group">
        {found.length === 0 ? (
          <Empty title="Nothing has that word">Try a part of it.</Empty>
        ) : (
          found.map((table) => <Section key={table.name} {...table} />)
        )}
      </div>
    </>
  );
};

const Content = () => {
  const dictionary = useAnswer<Dictionary>(apiPath("dictionary", []));
  return <Answered to={{ dictionary }}>{({ dictionary: found }) => <Tables {...found} />}</Answered>;
};

/** What every column of the marts means, in the words that the database itself keeps. */
export const dictionaryView: View = { title: "Dictionary", filters: [], Content };
