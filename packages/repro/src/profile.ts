import type { Precision, ProfileName } from './cell.js';

/** How much of the paper a run does; every field but the name can be overridden on the command line. */
export interface Profile {
  name: ProfileName;
  /** In one line, for people. */
  about: string;
  /** null: as many as the recipe says. */
  epochs: number | null;
  batchSize: number | null;
  /** A balanced part of the images; null: all. */
  trainImages: number | null;
  testImages: number | null;
  precision: Precision;
  seeds: readonly number[];
  /** May CIFAR-10 stand in where CIFAR-100 is not at hand and was not asked for by name? */
  otherImages: boolean;
  /** May a teacher teach that nobody trained? Only where nothing is learned anyway. */
  untrainedTeacher: boolean;
  /** Is each cell's first step looked at: a gradient for every trainable, a loss that LS and curriculum change? */
  proves: boolean;
  /** Of several pairs with nothing said about LS and curriculum: is every setting tried on the first, and the others run without? */
  settingsOnce: boolean;
}

/** Evaluations of a shortened run on the whole test set, the last epoch's included; a full one is evaluated after every epoch. */
export const EVALUATIONS = 4;

export const profiles = {
  smoke: {
    name: 'smoke',
    about: 'two steps of eight images a cell: shows that everything trains, learns nothing',
    epochs: 1,
    batchSize: 8,
    trainImages: 16,
    testImages: 16,
    precision: 'f32',
    seeds: [0],
    otherImages: true,
    untrainedTeacher: true,
    proves: true,
    settingsOnce: true,
  },
  quick: {
    name: 'quick',
    about: 'minutes on two cores, real images: a tenth of them for a twentieth of the epochs',
    epochs: 12,
    batchSize: null,
    trainImages: 5000,
    testImages: null,
    precision: 'bf16',
    seeds: [0],
    otherImages: true,
    untrainedTeacher: false,
    proves: false,
    settingsOnce: false,
  },
  paper: {
    name: 'paper',
    about: "the paper's recipes on all images at full length: days on two cores",
    epochs: null,
    batchSize: null,
    trainImages: null,
    testImages: null,
    precision: 'f32',
    seeds: [0],
    otherImages: false,
    untrainedTeacher: false,
    proves: false,
    settingsOnce: false,
  },
} as const satisfies Record<ProfileName, Profile>;

export const profileNames = Object.keys(profiles) as ProfileName[];
