/** Stands for an order that was also that of a person who was forgotten: it is counted, and nothing else of it is kept. */
export const countedOrder = "erased:counted";

/** In SQL: the conversions of one order; the first in this window counts, if it stands. */
export const sameOrder = `
      partition by conversion_name, coalesce(nullif(nullif(order_id, ''), '${countedOrder}'), 'id:' || conversion_id)
      order by retracted_at nulls first, converted_at, conversion_id`;
