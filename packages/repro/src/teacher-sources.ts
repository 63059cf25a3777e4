import { createModel, type ModelName } from '@tempered/models';

/** A public place that trained teachers of a dataset can be had from. */
export interface TeacherSource {
  name: string;
  /** Whose weights these are, and where that is said. */
  about: string;
  dataset: string;
  classes: number;
  /** The address of a model's file, or of the archive that holds it. */
  url(model: TeacherName): string;
  /** The file in the archive; undefined where the address is the file itself. */
  member?(model: TeacherName): string;
}

/** Published top-1 in percent of the six teachers of CIFAR-100 that RepDistiller trained and mdistiller passes on. */
export const PUBLISHED_TEACHERS = {
  resnet56: 72.34,
  resnet110: 74.31,
  resnet32x4: 79.42,
  wrn_40_2: 75.61,
  vgg13: 74.64,
  ResNet50: 79.34,
} as const satisfies Partial<Record<ModelName, number>>;

export type TeacherName = keyof typeof PUBLISHED_TEACHERS;

export const TEACHER_NAMES = Object.keys(PUBLISHED_TEACHERS) as TeacherName[];

const cifar100 = { dataset: 'cifar100', classes: 100 };
const file = (model: TeacherName): string => `${model}_vanilla/ckpt_epoch_240.pth`;

/**
 * Where trained teachers are published, in the order in which they are asked. No checksums are published for either: a file is held
 * to its network's state dict and to its published accuracy instead.
 *
 * Source   RepDistiller's scripts/fetch_pretrained_teachers.sh; mdistiller's README, "Training on CIFAR-100".
 */
export const TEACHER_SOURCES: readonly TeacherSource[] = [
  {
    name: 'mdistiller',
    about: "mdistiller's release archive: all six in one file",
    ...cifar100,
    url: () => 'https://github.com/megvii-research/mdistiller/releases/download/checkpoints/cifar_teachers.tar',
    member: (model) => `cifar_teachers/${file(model)}`,
  },
  {
    name: 'repdistiller',
    about: "RepDistiller's server: a file a teacher; it has not answered for years",
    ...cifar100,
    url: (model) => `http://shape2prog.csail.mit.edu/repo/${file(model)}`,
  },
];

/** Whether a trained network can be fetched. */
export const isPublished = (model: string, dataset: string): boolean =>
  TEACHER_SOURCES.some((source) => source.dataset === dataset) && Object.hasOwn(PUBLISHED_TEACHERS, model);

/** About how many bytes a model's file has: its tensors in float32. */
export function sizeOfTeacher(model: TeacherName, classes: number): number {
  const values = createModel(model, { numClasses: classes }).tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return 4 * values.reduce((a, b) => a + b, 0);
}

/** About how many bytes are fetched to get a teacher from a source. */
export function downloadSize(source: TeacherSource, model: TeacherName): number {
  const inOneFile = source.member ? TEACHER_NAMES : [model];
  return inOneFile.reduce((sum, name) => sum + sizeOfTeacher(name, source.classes), 0);
}
