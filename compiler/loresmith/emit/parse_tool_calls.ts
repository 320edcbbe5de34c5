/**
 * Every right call in a text, in order; brackets that aren't right calls are left out.
 * `members` counts the party: in a party of one, a call may leave its name out.
 */
export function parseToolCalls(text: string, members = 1): ToolCall[] {
  const found: ToolCall[] = [];
  for (const match of text.matchAll(/\[(\w+):([^\]]+)\]/g)) {
    const call = parsedCall(match[1] ?? "", match[2] ?? "", members);
    if (call) found.push(call);
  }
  return found;
}

interface Parameter {
  readonly name: string;
  readonly type: "name" | "integer" | "choice" | "text";
  readonly required: boolean;
  /** What a choice allows. */
  readonly choices?: readonly string[];
  /** Whether a choice allows dice. */
  readonly dice?: boolean;
  /** Whether an integer needs its sign. */
  readonly signed?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Tool {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Other names; with what their first argument, `{1}`, becomes where it is rewritten. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

interface Argument {
  readonly key?: string;
  readonly value: string;
}

const SPACE = " \\t\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const LINE_END = /[\n\r\v\f\x1c-\x1f\x85\u2028\u2029]/;
const SPACES = new RegExp(`[${SPACE}]+`, "g");
const GAP = new RegExp(`[${SPACE}]*`, "y");
const KEY = new RegExp(`\\w+(?=[${SPACE}]*=)`, "y");
const QUOTED = new RegExp(`"[${SPACE}]*[^"${SPACE}][^"]*"(?=[${SPACE}]*(?:,|$))`, "y");
const BARE = new RegExp(`[^",${SPACE}][^,]*|"[^",]*"[${SPACE}]*[^,${SPACE}][^,]*`, "y");
const INTEGER = /^[+-]?[0-9]{1,9}$/;
const CHANGE = `[${SPACE}]*[+-][${SPACE}]*[0-9]{1,9}`;
const DICE = new RegExp(`^([0-9]{1,9})d([0-9]{1,9})(?:kh1|kl1)?(?:${CHANGE})*$`);

function parsedCall(name: string, body: string, members: number): ToolCall | null {
  const written = name.toLowerCase();
  const tool = TOOLS.find((one) => one.name === written || Object.hasOwn(one.aliases, written));
  const given = LINE_END.test(body) ? null : readArguments(body);
  if (!tool || !given) return null;
  const template = Object.hasOwn(tool.aliases, written) ? (tool.aliases[written] ?? []) : [];
  const assigned = assign(tool, rewritten(tool, template, given), members);
  if (!assigned) return null;
  const values: Record<string, string | number> = {};
  for (const parameter of tool.parameters) {
    const text = assigned.get(parameter.name);
    if (text === undefined) continue;
    const value = valueOf(parameter, text);
    if (value === null) return null;
    values[parameter.name] = value;
  }
  return { tool: tool.name, arguments: values } as unknown as ToolCall;
}

/** The arguments between a call's colon and its bracket, or null where they aren't well formed. */
function readArguments(body: string): Argument[] | null {
  const found: Argument[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(body);
    if (match) at = pattern.lastIndex;
    return match ? match[0] : null;
  };
  for (;;) {
    take(GAP);
    const key = take(KEY);
    if (key !== null) {
      take(GAP);
      at += 1;
      take(GAP);
    }
    const quoted = take(QUOTED);
    const value = quoted === null ? take(BARE) : withoutNeedlessQuotes(quoted);
    if (value === null) return null;
    const text = squeezed(value);
    found.push(key === null ? { value: text } : { key: key.toLowerCase(), value: text });
    take(GAP);
    if (at === body.length) return found;
    if (body[at] !== ",") return null;
    at += 1;
  }
}

function withoutNeedlessQuotes(text: string): string {
  return /[,=]/.test(text) ? text : text.slice(1, -1);
}

function rewritten(tool: Tool, template: readonly string[], given: Argument[]): Argument[] {
  const first = given[0];
  if (template.length === 0 || !first) return given;
  const value = INTEGER.test(first.value) ? first.value.replace(/^\+/, "") : first.value;
  return [...template.map((text) => ({ value: text.split("{1}").join(value) })), ...given.slice(1)];
}

/** The text of each parameter by its name, or null where arguments and parameters don't fit. */
function assign(tool: Tool, given: Argument[], members: number): Map<string, string> | null {
  const assigned = new Map<string, string>();
  for (const { key, value } of given) {
    if (key === undefined) continue;
    if (assigned.has(key) || !tool.parameters.some(({ name }) => name === key)) return null;
    assigned.set(key, value);
  }
  let free = tool.parameters.filter(({ name }) => !assigned.has(name));
  const required = tool.parameters.filter((parameter) => parameter.required);
  if (given.length === required.length - 1 && required.some(({ type }) => type === "name")) {
    if (members !== 1) return null;
    const omitted = free.find(({ type }) => type === "name");
    free = free.filter((parameter) => parameter !== omitted);
  }
  const placed = given.filter(({ key }) => key === undefined);
  if (placed.length > free.length || free.slice(placed.length).some((p) => p.required)) return null;
  placed.forEach(({ value }, index) => assigned.set(free[index]?.name ?? "", value));
  return assigned;
}

/** The value of an argument, or null where its parameter doesn't allow it. */
function valueOf(parameter: Parameter, text: string): string | number | null {
  if (parameter.type === "integer") return integerOf(parameter, text);
  if (parameter.type === "choice") return choiceOf(parameter, text);
  return /^"[^"]*"$/.test(text) ? squeezed(text.slice(1, -1)) : text;
}

function integerOf(parameter: Parameter, text: string): number | null {
  if (!INTEGER.test(text) || (parameter.signed && !/^[+-]/.test(text))) return null;
  const value = Number(text) + 0;
  const { minimum = -Infinity, maximum = Infinity } = parameter;
  return value < minimum || value > maximum ? null : value;
}

function choiceOf(parameter: Parameter, text: string): string | null {
  const dice = parameter.dice ? DICE.exec(text.toLowerCase()) : null;
  if (dice && Number(dice[1]) >= 1 && Number(dice[2]) >= 2) return dice[0].replace(SPACES, "");
  const wanted = comparable(text);
  return parameter.choices?.find((choice) => comparable(choice) === wanted) ?? null;
}

function comparable(text: string): string {
  return squeezed(text.replace(/_/g, " ").replace(/’/g, "'").toLowerCase());
}

function squeezed(text: string): string {
  return text.replace(SPACES, " ").replace(/^ | $/g, "");
}
