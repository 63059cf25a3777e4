import type { ModelName } from '@tempered/models';
import type { Recipe } from '../recipe.js';

/** What a cell is asked to be, before its settings are looked up. */
export interface RecipeRequest {
  dataset: string;
  teacher: ModelName;
  student: ModelName;
  standardize: boolean;
  curriculum: boolean;
  /** Without standardization, but with the temperature and weight of the standardized recipe: tells LS from its weight. */
  matched?: boolean;
  /** CTKD's commented lines (PKT, SP, VID, CRD, SRRL, DKD with the curriculum on CIFAR) at the batch and rate that they come to as written. */
  asWritten?: boolean;
}

/** The part of a recipe that a method decides. */
export type MethodPart = Pick<Recipe, 'loss' | 'weights' | 'warmupEpochs' | 'options' | 'temperature' | 'source'> & Partial<Recipe>;

/** A method that the command line offers: how it is called, what can be switched on for it, and its settings for a pair. */
export interface Method {
  /** Its name in tables, before '+LS'. */
  title: string;
  /** Does it match logits, so that they can be standardized and their temperature learned? */
  matchesLogits: boolean;
  /** Always (never) with the curriculum: the name itself says so. Undefined: as asked. */
  curriculum?: boolean;
  /** Has it a standardized twin whose temperature and weight a control cell takes over? */
  control?: boolean;
  settings(request: RecipeRequest): MethodPart;
}
