// The built-in roles that are used, by id. Names can change, ids do not.

import { grantType } from 'types.bicep'

@export()
@description('Ids of built-in roles.')
var builtIn = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  azureAIAdministrator: 'b78c5d69-af96-48a3-bf8d-a8b4d589de94'
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c'
  fileDataPrivilegedContributor: '69566ab7-960f-475b-8e7c-b3118f30c6bd'
  keyVaultAdministrator: '00482a5a-887f-4fb3-b363-3b7fe8e74483'
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830'
  metricsWriter: '635dd51f-9968-44d3-b7fb-6d9a6bd613ae'
  networkConnectionApprover: 'b556d68e-0be0-4f35-a333-ad7ee1ce17ea'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  registryUser: '1823dd4f-9b8c-4ab6-ab4e-7397a3684615'
  roleBasedAccessControlAdministrator: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

@export()
@description('The full id of a built-in role.')
func builtInRole(id string) string => '/providers/Microsoft.Authorization/roleDefinitions/${id}'

@export()
@description('The name (a GUID) of one of the custom roles that the bootstrap makes in a subscription.')
func customRoleName(subscription string, workload string, target string, role string) string =>
  guid(subscription, workload, target, role)

@export()
@description('A grant of a built-in role to an identity, with the reason.')
func give(to { name: string, id: string, principalId: string }, role string, reason string) grantType => {
  identity: to.name
  principalId: to.principalId
  roleDefinitionId: builtInRole(role)
  reason: reason
}
