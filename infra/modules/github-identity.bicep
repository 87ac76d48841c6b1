// An identity that workflows act as, in one GitHub environment. There is no secret that could be copied.

import { resourceTagsType } from '../types.bicep'

@description('Required. The name of the identity.')
@minLength(3)
@maxLength(128)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The audience of the tokens.')
param audience string

@description('Required. The subjects that may act as it, exact and with case: the form with names, and the form with numbers that newer repositories send.')
@minLength(2)
@maxLength(2)
param subjects string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

// Two at the same time are refused with 409.
@batchSize(1)
resource credentials 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2024-11-30' = [
  for (subject, i) in subjects: {
    parent: identity
    name: i == 0 ? 'github-by-name' : 'github-by-number'
    properties: {
      issuer: 'https://token.actions.githubusercontent.com'
      subject: subject
      audiences: [audience]
    }
  }
]

@description('The object id, for grants.')
output principalId string = identity.properties.principalId

@description('The client id, for the workflow.')
output clientId string = identity.properties.clientId
