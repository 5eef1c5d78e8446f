import type { ComponentChildren } from "preact";

export interface DataColumn {
  readonly name: string;
  readonly number?: boolean;
  /** Never broken into lines: dates and short names. */
  readonly whole?: boolean;
  /** Sentences: kept wide enough to read on a phone. */
  readonly long?: boolean;
}

type Cells = readonly ComponentChildren[];

const classOf = (column: DataColumn | undefined): string | undefined =>
  column?.number ? "number" : column?.whole ? "whole" : column?.long ? "long" : undefined;

const Line = ({ cells, columns }: { readonly cells: Cells; readonly columns: readonly DataColumn[] }) => (
  <tr>
    {cells.map((cell, index) =>
      index === 0 ? (
        <th scope="row" class={classOf(columns[index])}>
          {cell}
        </th>
      ) : (
        <td class={classOf(columns[index])}>{cell}</td>
      ),
    )}
  </tr>
);

/** A plain table; its first column heads the rows. It scrolls sideways by itself rather than pushing the page wide. */
export const DataTable = ({
  caption,
  columns,
  rows,
  totals = [],
}: {
  readonly caption: string;
  readonly columns: readonly DataColumn[];
  readonly rows: readonly Cells[];
  readonly totals?: readonly Cells[];
}) => (
  <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
    <table>
      <caption class="sr">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.name} scope="col" class={classOf(column)}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells) => (
          <Line cells={cells} columns={columns} />
        ))}
      </tbody>
      {totals.length > 0 && (
        <tfoot>
          {totals.map((cells) => (
            <Line cells={cells} columns={columns} />
          ))}
        </tfoot>
      )}
    </table>
  </div>
);
