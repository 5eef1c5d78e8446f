/** A line across the terminal, its scale on the left. The values must not all be equal. */
export const textChart = (
  values: readonly number[],
  { height, label }: { readonly height: number; readonly label: (value: number) => string },
): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const levels = values.map((value) => Math.round(((value - low) / (high - low)) * height));
  const mark = (level: number, from: number, to: number): string => {
    if (level === from && level === to) return "─";
    if (level === from) return from > to ? "╮" : "╯";
    if (level === to) return from > to ? "╰" : "╭";
    return level > Math.min(from, to) && level < Math.max(from, to) ? "│" : " ";
  };
  return Array.from({ length: height + 1 }, (_, row) => {
    const level = height - row;
    const line = levels.slice(1).map((to, index) => mark(level, levels[index] ?? to, to));
    const axis = level === levels[0] ? "┼" : "┤";
    return `${label(low + ((high - low) * level) / height)} ${axis}${line.join("")}`.trimEnd();
  }).join("\n");
};
