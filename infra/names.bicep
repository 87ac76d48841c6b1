// The one naming function. A name says what the thing is, of which workload, for which target.

import { targetType } from 'types.bicep'

@export()
@description('A name within its group: KIND-WORKLOAD-TARGET[-SUFFIX].')
func named(kind string, workload string, target targetType, suffix string?) string =>
  suffix == null ? '${kind}-${workload}-${target}' : '${kind}-${workload}-${target}-${suffix!}'

@export()
@description('A name that is unique in the whole of Azure: KIND, the workload, the target and eight characters of a hash of the group; lower case, no dashes, at most 24 characters.')
func unique(kind string, workload string, target targetType, seed string) string =>
  take('${kind}${workload}${target}${take(uniqueString(seed), 8)}', 24)
