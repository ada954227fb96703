/** Words of a small English made in code, in groups that go together. */
export const people = ['man', 'woman', 'boy', 'girl', 'sailor', 'teacher', 'farmer', 'doctor'] as const;
export const places = ['harbour', 'garden', 'school', 'kitchen', 'forest', 'market', 'station', 'river'] as const;
export const deeds = ['sings', 'sleeps', 'runs', 'waits', 'reads', 'laughs', 'works', 'dances'] as const;
export const weathers = ['warm', 'cold', 'quiet', 'windy', 'dark', 'bright', 'wet', 'dry'] as const;
