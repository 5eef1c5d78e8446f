const emailAddress = /[^\s@<>"']+@[^\s@<>"']+\.[a-z]{2,}/i;
const phoneColumn = /phone|mobile|telefon|telefoon|^tel$/i;
const datelike = /^\d{4}[-. /]\d{2}[-. /]\d{2}/;

/**
 * Whether a value looks like somebody's address or telephone number, which must not get into the warehouse. Ids are
 * often plain digits: so without a leading + a number must be grouped the way people write theirs.
 */
export const personalData = (
  column: string,
  value: string,
): "an e-mail address" | "a telephone number" | null => {
  if (value.includes("@") && emailAddress.test(value)) return "an e-mail address";
  if (/^[0-9a-f]{64}$/i.test(value)) return null;
  const digits = value.replaceAll(/\D/g, "").length;
  if (digits < 7 || digits > 15 || /[^\d\s().+/-]/.test(value)) return null;
  if (phoneColumn.test(column)) return "a telephone number";
  if (datelike.test(value)) return null;
  if (value.startsWith("+") && digits >= 8) return "a telephone number";
  const groups = value.split(/[\s()/-]+/).filter((group) => group !== "").length;
  return value.startsWith("0") && groups >= 2 && !value.includes(".")
    ? "a telephone number"
    : groups >= 4 && digits >= 8
      ? "a telephone number"
      : null;
};
