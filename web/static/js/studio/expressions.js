// Conditions as rows "variable, comparison, value", joined by all or by any. What they cannot say is left alone.
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|!=|<=|>=|<|>|\[|\]))/y;
export const OPPOSITE = { "==": "!=", "!=": "==" };

/** `{joint: "and" | "or", rows: [{path, operator, value}]}`, or null for a condition that rows cannot express. */
export function rowsOf(text) {
  const tokens = tokensOf(text.trim());
  if (!tokens) return null;
  const joints = new Set(tokens.filter(each => each.kind === "name" && ["and", "or"].includes(each.text)).map(each => each.text));
  if (joints.size > 1) return null;
  const parts = split(tokens, [...joints][0]);
  const rows = parts.map(rowOf);
  return rows.includes(null) ? null : { joint: [...joints][0] || "and", rows };
}

/** The text of rows, each of which has a variable and a value. */
export function textOf({ joint, rows }) {
  return rows.map(rowText).join(` ${joint} `);
}

function rowText({ path, operator, value }) {
  if (typeof value === "boolean") return value === (operator === "==") ? path : `not ${path}`;
  return `${path} ${operator} ${typeof value === "number" ? value : JSON.stringify(value)}`;
}

function tokensOf(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) return null;
    const [, string, number, name, sign] = match;
    if (string !== undefined) {
      if (/\\/.test(string)) return null;                            // escapes are Python's: not ours to read
      found.push({ kind: "value", value: string.slice(1, -1) });
    } else if (number !== undefined) found.push({ kind: "value", value: Number(number) });
    else if (name === "True" || name === "False") found.push({ kind: "value", value: name === "True" });
    else if (name !== undefined) found.push({ kind: "name", text: name });
    else found.push({ kind: "sign", text: sign });
  }
  return found;
}

function split(tokens, joint) {
  const parts = [[]];
  for (const token of tokens) {
    if (joint && token.kind === "name" && token.text === joint) parts.push([]);
    else parts[parts.length - 1].push(token);
  }
  return parts;
}

function rowOf(tokens) {
  const negated = tokens[0]?.kind === "name" && tokens[0].text === "not";
  const rest = negated ? tokens.slice(1) : [...tokens];
  const path = takePath(rest);
  if (!path) return null;
  if (!rest.length) return { path, operator: "==", value: !negated };
  const [sign, value, ...more] = rest;
  const compares = sign.kind === "sign" && !["[", "]"].includes(sign.text) && value?.kind === "value" && !more.length;
  return compares && !negated ? { path, operator: sign.text, value: value.value } : null;
}

function takePath(tokens) {
  const name = tokens.shift();
  if (name?.kind !== "name" || ["and", "or", "not", "in", "is", "None"].includes(name.text)) return null;
  const [open, member, close] = tokens;
  if (open?.text !== "[") return name.text;
  if (member?.kind !== "value" || typeof member.value !== "string" || close?.text !== "]") return null;
  tokens.splice(0, 3);
  return `${name.text}["${member.value}"]`;
}
