DROP TABLE basket_applications;
DROP TABLE baskets;
