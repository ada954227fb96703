/** What stands in a definition's fields: paths, payload templates, intrinsic functions, comparisons. See definition-fields.ts. */
import { UnsupportedDefinitionField } from './errors.ts';
import { isObject, type Json, type JsonObject } from './template-resources.ts';

/** Not here: StringMatches, whose `*` the interpreter stops at a slash, and timestamps. */
const choiceOperators = [
  ...['StringEquals', 'StringLessThan', 'StringGreaterThan', 'StringLessThanEquals', 'StringGreaterThanEquals'].flatMap(
    withPath,
  ),
  ...[
    'NumericEquals',
    'NumericLessThan',
    'NumericGreaterThan',
    'NumericLessThanEquals',
    'NumericGreaterThanEquals',
  ].flatMap(withPath),
  ...withPath('BooleanEquals'),
  ...['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean'],
];
/** Not here: JsonToString and Base64Decode, from whose results the interpreter strips backslashes; random ones. */
const intrinsicFunctions = [
  ...['States.Format', 'States.StringToJson', 'States.Array', 'States.ArrayPartition', 'States.ArrayContains'],
  ...['States.ArrayRange', 'States.ArrayGetItem', 'States.ArrayLength', 'States.ArrayUnique', 'States.MathAdd'],
  ...['States.StringSplit', 'States.JsonMerge'],
];
const contextPaths = /^\$\$\.(Execution\.(Id|Name|Input|StartTime)|StateMachine\.(Id|Name)|Map\.Item\.(Index|Value))\b/;
/** Filters, wildcards and descents differ between JSONPath libraries, and a filter would be evaluated as script. */
const referencePath = /^\$\$?(\.[A-Za-z_]\w*|\[\d+\]|\['[^'\\]+'\])*$/;
/** A payload template: what ends in `.$` must be a path or an intrinsic function that is implemented. */
export function checkTemplate(place: string, field: string, template: Json | undefined): void {
  if (Array.isArray(template)) for (const item of template) checkTemplate(place, field, item);
  if (!isObject(template)) return;
  for (const [key, value] of Object.entries(template)) {
    if (!key.endsWith('.$')) checkTemplate(place, `${field}.${key}`, value);
    else if (String(value).startsWith('$')) checkPath(place, `${field}.${key}`, value);
    else checkIntrinsic(place, `${field}.${key}`, String(value));
  }
}

function checkIntrinsic(place: string, field: string, text: string): void {
  const outsideTexts = text.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''");
  for (const [name] of outsideTexts.matchAll(/States\.\w+/g)) {
    if (!intrinsicFunctions.includes(name))
      throw new UnsupportedDefinitionField(place, field, `${name} is not implemented`);
  }
  if (!/^States\.\w+\(.*\)$/s.test(text))
    throw new UnsupportedDefinitionField(place, field, `${text} is no path and no function`);
  for (const [path] of outsideTexts.matchAll(/\$[^,)\s]*/g)) checkPath(place, field, path);
}

export function checkPath(place: string, field: string, path: Json): void {
  if (path === null) return;
  const text = String(path);
  if (!referencePath.test(text))
    throw new UnsupportedDefinitionField(place, field, `${text} is more than a reference path`);
  if (text.startsWith('$$') && !contextPaths.test(text)) {
    throw new UnsupportedDefinitionField(place, field, `the context object has no ${text} here`);
  }
  // The interpreter strips a leading `$.` and takes the rest for keys.
  if (field === 'ResultPath' && text !== '$' && !/^\$(\.[A-Za-z_]\w*)+$/.test(text)) {
    throw new UnsupportedDefinitionField(place, field, `${text} is not a path of plain names`);
  }
}

export function checkRule(place: string, rule: JsonObject): void {
  const [operator, ...others] = Object.keys(rule).filter((field) => field !== 'Variable' && field !== 'Comment');
  if (operator === 'And' || operator === 'Or') for (const inner of asList(rule[operator])) checkRule(place, inner);
  else if (operator === 'Not') checkRule(place, asObject(rule.Not));
  else {
    checkPath(place, 'Variable', rule.Variable ?? null);
    if (operator === undefined || !choiceOperators.includes(operator)) {
      throw new UnsupportedDefinitionField(place, `Choices.${operator}`, 'this comparison is not implemented');
    }
    if (operator.endsWith('Path')) checkPath(place, operator, rule[operator] ?? null);
  }
  if (others.length > 0)
    throw new UnsupportedDefinitionField(place, `Choices.${others[0]}`, 'a rule has one comparison');
}

function withPath(operator: string): readonly string[] {
  return [operator, `${operator}Path`];
}

export function asList(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}

export function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
