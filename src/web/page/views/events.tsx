import type { Annotation } from "../../api/answers.ts";
import { dayText } from "../format.ts";
import { Card } from "../parts/words.tsx";
import { marksOf } from "./trend.tsx";

/** What happened on the days of the charts, under the numbers that stand there. */
export const Events = ({ annotations }: { readonly annotations: readonly Annotation[] }) => {
  const signs = new Map(marksOf(annotations).map(({ date, sign }) => [date, sign]));
  return annotations.length === 0 ? null : (
    <Card title="What happened">
      <ul class="events">
        {annotations.map(({ date, text }) => (
          <li key={`${date} ${text}`}>
            <span class="sign">{signs.get(date)}</span>
            <time dateTime={date}>{dayText(date)}</time>
            {text}
          </li>
        ))}
      </ul>
    </Card>
  );
};
