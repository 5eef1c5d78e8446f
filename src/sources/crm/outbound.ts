import { dayAt } from "../../domain/day.ts";
import { linesOf } from "../lines.ts";
import type { SourceContext, StreamAsk } from "../source.ts";

/** Results of outbound work by day. */
export interface OutboundCounts {
  readonly add: (at: string | undefined) => void;
  /** Lands them. Only what was read as a whole is known. @returns rows written */
  readonly land: (ask: StreamAsk) => Promise<number>;
}

export const countOutbound = ({ name, timeZone }: SourceContext): OutboundCounts => {
  const counts = new Map<string, number>();
  return {
    add: (at) => {
      if (at === undefined) return;
      const day = dayAt(new Date(at), timeZone);
      counts.set(day, (counts.get(day) ?? 0) + 1);
    },
    land: async (ask) => {
      const rows = [...counts].map(([date, count]) => ({
        date,
        measure: "outbound_results",
        value: String(count),
        label: name,
      }));
      const result = await ask.land({
        kind: "measures",
        bytes: { records: linesOf(["date", "measure", "value", "label"], [rows]) },
        afterMerge: async (client) => {
          const { rowCount } = await client.query(
            `delete from warehouse.measure_daily m where measure = 'outbound_results' and label = $1
               and not exists (select from import_row r where r.date = m.date)`,
            [name],
          );
          return { withdrawn: rowCount ?? 0 };
        },
      });
      return result.inserted + result.changed + (result.withdrawn ?? 0);
    },
  };
};
