/** A monthly budget over what this stack's tag costs; tells at half of it, at all of it, and when all of it is forecast. */
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface BudgetProps {
  readonly monthlyUsDollars: number;
  readonly topic: ITopic;
}

export class Budget extends Construct {
  constructor(scope: Construct, id: string, { monthlyUsDollars, topic }: BudgetProps) {
    super(scope, id);
    const tell = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    });
    new CfnBudget(this, 'Monthly', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyUsDollars, unit: 'USD' },
        // The tag must be activated once for cost allocation (docs/deploy.md); until then the budget sees nothing.
        costFilters: { TagKeyValue: ['user:project$stepwise'] },
      },
      notificationsWithSubscribers: [tell('ACTUAL', 50), tell('ACTUAL', 100), tell('FORECASTED', 100)],
    });
  }
}
