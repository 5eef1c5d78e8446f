/** NULL in place of a figure that a column of the marts cannot hold: one odd value must not stop a whole rollup. */
export const storable = (figure: string): string => `case when abs(${figure}) < 1e12 then ${figure} end`;

/**
 * The expected final figures of a day, as columns: its conversions divided by the share known at its age, and the
 * division of its spend by that. NULL for final days and where no share is known. `row` has conversions, spend, is_final.
 */
export const projectionOf = (row: string, share: string): string => {
  const conversions = storable(`round(${row}.conversions / nullif(${share}, 0), 6)`);
  return `
         case when not ${row}.is_final then ${conversions} end as projected_conversions,
         case when not ${row}.is_final then ${row}.spend / nullif(${conversions}, 0) end
           as projected_cost_per_conversion`;
};
