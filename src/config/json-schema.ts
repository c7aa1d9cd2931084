import * as z from 'zod';
import { configSchema } from './schema.ts';

/** The file as an editor should check it (draft-07, which yaml-language-server reads): units and references still text. */
export const configJsonSchema = (): object => z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
