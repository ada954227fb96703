/** Back-ends as small as they can be, of every kind. */
import type {
  AttentionSettings,
  BackEndSettings,
  LargeFovSettings,
  ResidualSettings,
} from '../../../lib/random-walk/back-ends/settings.ts';

export const largeFov: LargeFovSettings = {
  kind: 'large-fov',
  convolutions: [2, 1, 1, 1, 1],
  channels: [4, 4, 6, 8, 8],
  ...{ fcChannels: 8, fc6Dilation: 2, dropout: 0.25, classes: 3 },
};
export const attention: AttentionSettings = {
  ...{ kind: 'attention', network: largeFov, scales: [1, 0.5], attentionChannels: 5 },
};
export const residual: ResidualSettings = {
  ...{ kind: 'deeplab-v2', stemChannels: 4, blocks: [1, 2, 1, 1], channels: [8, 8, 12, 12] },
  ...{ pyramidDilations: [1, 2], scales: [1, 0.75, 0.5], classes: 3 },
};
export const smallNetworks: readonly BackEndSettings[] = [largeFov, attention, residual];
