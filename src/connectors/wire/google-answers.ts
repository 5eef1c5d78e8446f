/** Google's APIs indent their answers, which doubles them, unless they are asked not to (Cloud APIs, System Parameters). */
export const withoutIndents = "prettyPrint=false";
