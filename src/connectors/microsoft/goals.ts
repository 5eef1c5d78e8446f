/** Attribution of conversions after a click, the platform's own model. */
export const clickThrough = "";

/** Conversions after a mere view, on the Audience network; kept, never counted. */
export const viewThrough = "view_through";
