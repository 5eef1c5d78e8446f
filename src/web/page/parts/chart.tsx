import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { useStore } from "../state/store.ts";
import { colours } from "../state/theme.ts";
import { type DataColumn, DataTable } from "./data-table.tsx";
import { type Line, type Plot, uplotOptions } from "./plot.ts";

type LegendEntry = Pick<Line, "label" | "colour" | "dashed">;

interface ChartProps extends Plot {
  readonly title: string;
  /** Said where nothing is pointed at. */
  readonly note?: string;
  readonly placeText: (place: number) => string;
  /** What the legend names where it is not the lines one by one. */
  readonly legend?: readonly LegendEntry[];
  readonly table?: { readonly columns: readonly DataColumn[]; readonly rows: readonly (readonly string[])[] };
}

const Legend = ({ lines }: { readonly lines: readonly LegendEntry[] }) => (
  <ul class="legend">
    {lines.map(({ label, colour, dashed }) => (
      <li key={label}>
        <span class={`swatch${dashed === true ? " dashed" : ""}`} data-colour={colour} />
        {label}
      </li>
    ))}
  </ul>
);

/** Paints on a canvas that is as wide as its place; anew only where figures or colours have changed. */
const usePlot = (props: Plot, onCursor: (index: number | undefined) => void) => {
  const stage = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef({ props, onCursor });
  latest.current = { props, onCursor };
  // All that is painted; functions that write figures change with them.
  const painted = JSON.stringify(props);
  const shade = useStore(colours);
  useLayoutEffect(() => {
    const place = stage.current;
    if (place === null) return;
    const { height = 240, places, lines } = latest.current.props;
    const data = [places, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
    const observer = new ResizeObserver(() => {
      const width = Math.floor(place.clientWidth);
      if (width === 0) return;
      if (chart.current === undefined)
        chart.current = new uPlot(
          uplotOptions(latest.current.props, width, (index) => latest.current.onCursor(index ?? undefined)),
          data,
          place,
        );
      else if (chart.current.width !== width) chart.current.setSize({ width, height });
    });
    observer.observe(place);
    return () => {
      observer.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [painted, shade]);
  return { stage, chart };
};

const steps: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  Home: -Infinity,
  End: Infinity,
};

/**
 * A line chart that can also be read: arrow keys move along it, a line of text says what is under the cursor, and a
 * table has all of its figures.
 */
export const Chart = (props: ChartProps) => {
  const { title, places, lines, height = 240, note, legend, table, text, placeText, ...rest } = props;
  const [at, setAt] = useState<number>();
  const { stage, chart } = usePlot({ places, lines, height, text, ...rest }, setAt);
  const reached = useRef(places.length);
  const readout = useMemo(() => {
    const place = at === undefined ? undefined : places[at];
    if (place === undefined || at === undefined)
      return note ?? "Point at the chart, or use the arrow keys, to read it.";
    const said = lines.flatMap(({ label, values }) => {
      const value = values[at];
      return value === null || value === undefined ? [] : [`${label} ${text(value)}`];
    });
    return `${placeText(place)}: ${said.length === 0 ? "no figures" : said.join(" · ")}`;
  }, [at, places, lines, note, text, placeText]);
  const step = (event: KeyboardEvent): void => {
    const by = steps[event.key];
    if (by === undefined || chart.current === undefined) return;
    event.preventDefault();
    reached.current = Math.max(0, Math.min(places.length - 1, reached.current + by));
    chart.current.setCursor({ left: chart.current.valToPos(places[reached.current] ?? 0, "x"), top: 10 });
    setAt(reached.current);
  };
  return (
    <figure class="card chart">
      <figcaption>
        <h2>{title}</h2>
        <Legend lines={legend ?? lines} />
      </figcaption>
      <div
        class="stage"
        ref={stage}
        tabIndex={0}
        role="img"
        aria-label={`${title}: line chart of ${lines.map(({ label }) => label).join(", ")}. Arrow keys read it out${table === undefined ? "" : "; the table below has every figure"}.`}
        style={{ height: `${String(height)}px` }}
        onKeyDown={step}
      />
      <p class="readout" aria-live="polite">
        {readout}
      </p>
      {table !== undefined && (
        <details class="figures">
          <summary>Figures as a table</summary>
          <DataTable caption={title} {...table} />
        </details>
      )}
    </figure>
  );
};
