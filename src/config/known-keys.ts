import * as z from 'zod';
import { configSchema } from './schema.ts';

/** One key of the schema. */
export interface KnownKey {
  /** `chains[].routing.timeout` and the like. */
  readonly pattern: string;
  /** Its documentation. */
  readonly description: string;
}

/** Every key of the schema, outer ones before what they hold. */
export const knownKeys = (): readonly KnownKey[] => below(configSchema, '');

const below = (schema: z.core.$ZodType, pattern: string): readonly KnownKey[] => {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) return below(inner.element, `${pattern}[]`);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries<z.core.$ZodType>(inner.shape).flatMap(([key, child]) => {
    const path = pattern === '' ? key : `${pattern}.${key}`;
    return [{ pattern: path, description: description(child) }, ...below(child, path)];
  });
};

/** Without default, transformation and the permission to be left out. */
const unwrapped = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
};

const description = (schema: z.core.$ZodType): string => {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  const wrapped = schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapped ? description(schema.unwrap()) : '';
};
